import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { findNode, installedNode, isNewEnough, run } from './node.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const here = new URL('node.mjs', import.meta.url).href

test('Node 24.16 and everything newer is new enough', () => {
  assert.deepEqual(
    ['20.20.2', '22.23.0', '24.15.9', '24.16.0', '26.0.0'].map((version) => isNewEnough(version)),
    [false, false, false, true, true],
  )
})

test('a platform for which npm carries no Node has none installed', () => {
  assert.equal(installedNode(root, 'sunos', 'sparc'), undefined)
})

test('the Node at hand is used when it is new enough', () => {
  assert.equal(findNode(root), process.execPath)
})

test('the exit code of the program is passed on, and a program that is not there is told', async () => {
  assert.equal(await run(process.execPath, ['-e', 'process.exitCode = 7']), 7)
  await assert.rejects(run('/no/such/program', []), /Cannot run \/no\/such\/program/)
})

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`${signal} reaches the program, whose own exit code counts`, async () => {
    const inner = `process.on('${signal}', () => process.exit(5)); setInterval(() => {}, 1000); console.log('ready')`
    const outer = `import { run } from '${here}'; process.exitCode = await run(process.execPath, ['-e', ${JSON.stringify(inner)}])`
    const child = spawn(process.execPath, ['--input-type=module', '-e', outer], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    child.kill(signal)
    assert.deepEqual(await once(child, 'close'), [5, null])
  })
}

test('when the shell that npm started is gone, the program is told to end', {
  skip: process.platform === 'win32' && 'needs sh',
}, async () => {
  const inner = `process.on('SIGTERM', () => { console.log('told'); process.exit() }); setInterval(() => {}, 1000); console.log('ready')`
  const outer = `import { run } from '${here}'; await run(process.execPath, ['-e', ${JSON.stringify(inner)}])`
  const command = '"$0" --input-type=module -e "$1"; exit 0'
  const shell = spawn('sh', ['-c', command, process.execPath, outer], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  shell.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk
    if (output === 'ready\n') shell.kill('SIGTERM')
  })
  // the pipe is closed once the last process that holds it has ended
  await once(shell.stdout, 'close')
  assert.equal(output, 'ready\ntold\n')
})
