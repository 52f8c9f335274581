import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'

/** A process of its own that logs to standard output. */
function logger(code: string, env: Record<string, string> = {}) {
  const source = `import { openLog } from ${JSON.stringify(import.meta.resolve('./index.ts'))}; ${code}`
  return spawn(process.execPath, ['--input-type=module', '-e', source], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
}

test('standard output that is no terminal gets JSON without colours', async () => {
  const child = logger(`openLog().info('Listening', { port: 3000 })`, { FORCE_COLOR: '1' })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk
  })
  await once(child, 'close')
  const { message, facts } = JSON.parse(output)
  assert.deepEqual({ message, facts }, { message: 'Listening', facts: { port: 3000 } })
})

test('a reader of the log that goes away does not end the process', async () => {
  const child = logger(`
    const log = openLog()
    log.info('ready')
    process.stdin.on('data', () => {
      for (let index = 0; index < 1000; index++) log.info('to nobody', { index })
      setImmediate(() => setImmediate(() => process.exit(7)))
    })`)
  await once(child.stdout, 'data')
  child.stdout.destroy()
  await once(child.stdout, 'close')
  child.stdin.write('go')
  const [code] = await once(child, 'exit')
  assert.equal(code, 7)
})
