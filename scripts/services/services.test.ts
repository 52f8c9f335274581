import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { missingVariable, whyMissing } from './find.ts'
import { keepServices } from './keep.ts'
import { findProgramOf, openServer } from './server.ts'
import { serviceNames, services } from './service.ts'

const here = new URL('.', import.meta.url).href

for (const name of serviceNames) {
  const installed = reasonNotInstalled(name)

  test(`${services[name].title} takes connections, dies, comes back at its address, and is gone once closed`, {
    skip: installed,
  }, async () => {
    const server = await openServer(name, { durable: true })
    const port = Number(new URL(server.url).port)
    assert.equal(await takesConnections(port), true)
    await server.kill()
    await server.restart()
    assert.equal(await takesConnections(port), true)
    await server.close()
    assert.equal(await takesConnections(port), false)
  })
}

test('a server ends with the process that asked for it, though that was killed', {
  skip: reasonNotInstalled('postgres'),
}, async () => {
  const code = `import { findService } from '${here}find.ts'; console.log((await findService('postgres')).url); setInterval(() => {}, 1000)`
  const env: NodeJS.ProcessEnv = { ...process.env, [services.postgres.variable]: '', [missingVariable]: '{}' }
  const asking = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'], env })
  const [url] = await once(createInterface(asking.stdout), 'line')
  const port = Number(new URL(url).port)
  assert.equal(await takesConnections(port), true)
  asking.kill('SIGKILL')
  while (await takesConnections(port)) await setImmediate()
})

test('a URL in the environment is used as it is', async () => {
  const code = `import { findService } from '${here}find.ts'; console.log(JSON.stringify(await findService('mysql')))`
  const env = { ...process.env, TEST_MYSQL_URL: 'mysql://far.test/kites' }
  assert.equal(await wordsOf(code, env), '{"name":"mysql","url":"mysql://far.test/kites"}')
})

test('a test file believes the run that a service is missing, and can say how to get it', async () => {
  const code = `import { findService, whyMissing } from '${here}find.ts'; console.log(await findService('mysql'), whyMissing('mysql'))`
  const env = { ...process.env, TEST_MYSQL_URL: '', [missingVariable]: '{"mysql":"the shop is closed"}' }
  assert.match(
    await wordsOf(code, env),
    /^undefined No MySQL to test with: the shop is closed; to have it: npm run services -- prepare/,
  )
})

test('with every URL given nothing is started', async (t) => {
  t.mock.property(process, 'env', { ...process.env, TEST_MARIADB_URL: 'mysql://far.test/kites' })
  const kept = await keepServices(['mariadb'])
  assert.deepEqual(kept.found, [{ name: 'mariadb', url: 'mysql://far.test/kites' }])
  await kept.close()
})

test('a service that nobody has looked for has no reason yet', () => {
  assert.match(whyMissing('mongodb'), /nobody has looked for it/)
})

function reasonNotInstalled(name: (typeof serviceNames)[number]): string | false {
  try {
    findProgramOf(name)
    return false
  } catch (error) {
    return `No ${services[name].title} installed: ${error instanceof Error ? error.message : String(error)}`
  }
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

async function wordsOf(code: string, env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'], env })
  let words = ''
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    words += chunk
  })
  await once(child, 'close')
  return words.trim()
}
