import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Clock, manualClock } from '../../kit/clock.ts'
import { hastyClock } from '../serve.fixture.ts'
import { upload } from '../upload.ts'
import { content, film, mapMemory, serveTus } from './tus.fixture.ts'

const mib = 1024 * 1024
const night = 8 * 3_600_000
const starting = { status: 503, type: 'text/html', body: 'starting' }

test('a machine that sleeps loses no patience, wherever in its tries that is', async () => {
  const { clock, advance } = hastyClock()
  await using server = await serveTus({ clock })
  server.faults.push('silent', starting, 'silent', starting)
  const sending = upload(server.api.videos.create, { source: film(mib) })
  sending.onState(() => sending.state.stage === 'waiting' && advance(night))
  for (const left of [3, 1]) {
    await until(() => server.faults.length === left)
    advance(night)
  }
  await sending.done
  assert.ok(server.uploads.get('u1')?.bytes.equals(content(mib)))
})

test('a wait that lasts longer than it should counts as long as it should', async () => {
  const clock = manualClock()
  let waits = 0
  const slept: Clock = {
    now: clock.now,
    after(milliseconds, call) {
      const cancel = clock.after(milliseconds, call)
      if (milliseconds > 30_000) return cancel
      waits++
      setImmediate(() => clock.advance(night))
      return cancel
    },
  }
  await using server = await serveTus({ clock: slept })
  server.faults.push(starting, starting, starting, starting)
  await upload(server.api.videos.create, { source: film(mib) }).done
  assert.equal(waits, 3)
})

test('tries that end in silence count as well', async () => {
  const { clock, advance } = hastyClock()
  await using server = await serveTus({ clock })
  server.faults.push(...Array.from({ length: 20 }, () => 'silent' as const))
  const sending = upload(server.api.videos.create, { source: film(mib) }, { patience: '5m' })
  for (let left = 19; sending.state.stage !== 'failed'; left--) {
    await until(() => server.faults.length === left || sending.state.stage === 'failed')
    advance(60_000)
  }
  await assert.rejects(sending.done, { code: 'TAPRI_CLIENT_TIMEOUT' })
  assert.equal(20 - server.faults.length, 6)
})

test('what goes on after a pause, or is told to, has all its patience again', async () => {
  const { clock, advance } = hastyClock()
  await using server = await serveTus({ clock })
  server.faults.push('silent', 'silent', 'silent')
  const sending = upload(server.api.videos.create, { source: film(mib) }, { patience: '1m' })
  for (const left of [2, 1, 0]) {
    await until(() => server.faults.length === left)
    if (left === 1) {
      sending.pause()
      sending.resume()
    } else advance(60_000)
  }
  await sending.done
})

test('an upload of the page before is gone from the server too when it is cancelled before it goes on', async () => {
  await using server = await serveTus()
  const memory = mapMemory()
  const leaving = new AbortController()
  const first = upload(
    server.api.videos.create,
    { source: film(4 * mib) },
    { memory, signal: leaving.signal, onProgress: ({ sent }) => sent > mib && leaving.abort() },
  )
  await assert.rejects(first.done)
  assert.equal(server.uploads.size, 1)
  const second = upload(server.api.videos.create, { source: film(4 * mib) }, { memory })
  await second.cancel()
  assert.equal(second.state.stage, 'cancelled')
  assert.equal(server.uploads.size, 0)
  assert.equal(memory.values.get('tapri-uploads'), '[]')
})

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}
