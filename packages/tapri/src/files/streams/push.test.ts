import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { manualClock } from '../../kit/clock.ts'
import { withoutFfmpeg } from '../media/films.fixture.ts'
import { emptyPackets, sent } from './push.fixture.ts'
import { takePush } from './push.ts'

const skip = withoutFfmpeg
const clock = manualClock()
const ffmpeg = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' }
const signal = new AbortController().signal
const into = { begin: async () => {}, add: async () => {}, stay: () => {} }

test('what an encoder had sent before it left is taken to its end', { skip }, async () => {
  for (const isEarly of [false, true]) {
    const source = Object.assign(new Readable({ read() {} }), { complete: true })
    source.push(await sent())
    source.push(null)
    const leave = () => source.destroy(new Error('The connection was closed'))
    source.on('error', () => {})
    if (isEarly) await left(leave(), 'close')
    const taken = takePush(source, into, { programs: ffmpeg, clock, signal })
    leave()
    const { seconds } = await taken
    assert.ok(seconds > 11.8 && seconds < 12.2, String(seconds))
  }
})

test('an encoder that leaves early ends its push, also when it left before anybody listened, with an error or without', {
  skip,
}, async () => {
  for (const cause of [undefined, new Error('The connection was closed')]) {
    for (const isEarly of [false, true]) {
      const source = new PassThrough()
      source.on('error', () => {})
      source.write((await sent()).subarray(0, 100_000))
      if (isEarly) await left(source.destroy(cause), 'close')
      const taken = takePush(source, into, { programs: ffmpeg, clock, signal })
      source.destroy(cause)
      await assert.rejects(taken, { code: 'TAPRI_FILES_ABORTED' })
    }
  }
})

test('what HTTP/2 calls complete although it was cut off is no end of a stream', { skip }, async () => {
  const source = Object.assign(new PassThrough(), { complete: true, stream: { aborted: true } })
  const taken = takePush(source, into, { programs: ffmpeg, clock, signal })
  source.destroy()
  await assert.rejects(taken, { code: 'TAPRI_FILES_ABORTED' })
})

test('a push of which nothing comes for a minute is given up', { skip }, async () => {
  const clock = manualClock()
  const source = new PassThrough()
  const taken = takePush(source, into, { programs: ffmpeg, clock, signal })
  clock.advance(59_000)
  assert.equal(source.destroyed, false)
  clock.advance(1000)
  await assert.rejects(taken, { code: 'TAPRI_FILES_STALLED', status: 408 })
})

test('a push whose bytes make no piece for a minute stays until then, and is given up for its lack of key frames', {
  skip,
}, async () => {
  const clock = manualClock()
  let stays = 0
  const stay = () => {
    stays++
  }
  const source = new PassThrough()
  const taken = takePush(source, { ...into, stay }, { programs: ffmpeg, clock, signal })
  const refused = assert.rejects(taken, { code: 'TAPRI_FILES_STREAM', message: /hardly any key frames/ })
  for (let seconds = 0; seconds < 60; seconds += 5) {
    source.write(emptyPackets)
    await setImmediate()
    clock.advance(5000)
  }
  await refused
  assert.equal(stays, 11)
})

test('while a piece is kept slowly a sender who waits for that is there, and one who sends nothing is not', {
  skip,
}, async (t) => {
  const film = await sent()
  for (const waits of [true, false]) {
    const clock = manualClock()
    let heard: number[] = []
    const begun = Promise.withResolvers<void>()
    const kept = Promise.withResolvers<void>()
    const slow = { begin: async () => begun.resolve(), add: () => kept.promise, stay: (at: number) => heard.push(at) }
    const source = new PassThrough()
    t.after(() => source.destroy())
    t.after(() => kept.resolve())
    const taken = takePush(source, slow, { programs: ffmpeg, clock, signal })
    const refused = assert.rejects(taken, { code: 'TAPRI_FILES_ABORTED' })
    source.write(film)
    await begun.promise
    while (waits && !source.writableNeedDrain) {
      source.write(film)
      await setImmediate()
    }
    clock.advance(5000)
    await setImmediate()
    heard = []
    const passed = Array.from({ length: 24 }, () => {
      clock.advance(5000)
      return clock.now()
    })
    assert.deepEqual(heard, waits ? passed : [])
    source.destroy()
    kept.resolve()
    await refused
  }
})

test('an ffmpeg that stands still once all has come is ended', {
  skip: process.platform !== 'linux' && 'needs sh',
}, async (t) => {
  const clock = manualClock()
  const source = new PassThrough()
  const stuck = await scriptThat('cat > /dev/null\nexec sleep 1000', t)
  const taken = takePush(source, into, { programs: { ffmpeg: stuck, ffprobe: 'ffprobe' }, clock, signal })
  const refused = assert.rejects(taken, { code: 'TAPRI_FILES_INTERRUPTED', message: /stood still/ })
  source.end(emptyPackets)
  await left(source, 'end')
  clock.advance(60_000)
  await refused
})

/** Ends once the source has told of it, and whoever else listens has heard. */
async function left(source: Readable, event: 'end' | 'close'): Promise<void> {
  await new Promise<void>((resolve) => source.once(event, () => resolve()))
  await setImmediate()
}

async function scriptThat(does: string, t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-script-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'ffmpeg')
  await writeFile(path, `#!/bin/sh\n${does}\n`)
  await chmod(path, 0o755)
  return path
}
