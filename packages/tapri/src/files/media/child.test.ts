import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { manualClock, systemClock } from '../../kit/clock.ts'
import { pipeProgram, runProgram } from './programs.ts'

const skip = process.platform !== 'linux' && 'needs sh'
const sh = (script: string) => runProgram('sh', ['-c', script], { clock: systemClock, idle: 20_000 })

test('without file handles a program fails, and not the process', { skip }, () => {
  const script = 'ulimit -n 100; exec "$0" "$1"'
  const args = ['-c', script, process.execPath, join(import.meta.dirname, 'handles.fixture.ts')]
  const { stdout, stderr, status } = spawnSync('sh', args, { encoding: 'utf8' })
  assert.deepEqual([status, stderr], [0, ''])
  assert.match(stdout, /^TapriError: Cannot go on with true: this process or its system has no file handle left [^\n]*\n$/)
})

test('what was ended from outside was interrupted, what ends badly by itself has failed', { skip }, async () => {
  for (const end of ['kill -TERM $$', 'kill -KILL $$', 'exit 255', 'echo "k.mp4: No space left on device" >&2; exit 1'])
    await assert.rejects(sh(end), { code: 'TAPRI_FILES_INTERRUPTED' }, end)
  await assert.rejects(sh('exit 1'), { code: 'TAPRI_FILES_FILM' })
})

test('a program that takes nothing of what is sent to it fails as it says', { skip }, async () => {
  const input = Readable.from([Buffer.alloc(1024 * 1024), Buffer.alloc(1024 * 1024)])
  const take = async (output: Readable) => void (await output.toArray())
  await assert.rejects(pipeProgram('sh', ['-c', 'exec 0<&-; exit 1'], { input, take }), { code: 'TAPRI_FILES_FILM' })
})

test('lines that show no step forward do not put off the end of a program, and nothing puts off its last', {
  skip,
}, async () => {
  const clock = manualClock()
  let heard = Promise.withResolvers<void>()
  const lines = (isForward: boolean, limits: { readonly idle: number; readonly most?: number }) =>
    runProgram('yes', [], {
      clock,
      ...limits,
      onLine: () => {
        heard.resolve()
        return isForward
      },
    })
  const pass = async () => {
    heard = Promise.withResolvers()
    await heard.promise
    clock.advance(600)
  }
  const still = assert.rejects(lines(false, { idle: 1000 }), /stood still for 1 seconds/)
  await pass()
  await pass()
  await still
  const long = assert.rejects(lines(true, { idle: 1000, most: 1500 }), /took far longer/)
  await pass()
  await pass()
  await pass()
  await long
})
