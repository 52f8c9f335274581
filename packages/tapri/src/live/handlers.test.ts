import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openRaw } from './socket.fixture.ts'
import { openStall, turns } from './stall.fixture.ts'

const codes = (frames: any[]) => frames.map((frame) => frame.problem?.code ?? frame.type)

test('what goes wrong in a handler is told without its reason, which is in the log', async (t) => {
  const stall = await openStall(t, {
    broken: () => {
      throw new Error('secret reason')
    },
    'not.json': () => ({ count: 1n }),
    writing: ({ db }) => db.videos.create({ title: 'x' }),
  })
  const raw = await openRaw(stall.port)
  for (const [id, route] of ['broken', 'not.json', 'writing'].entries()) raw.send({ type: 'subscribe', id, route })
  const frames = await raw.settle()
  assert.deepEqual(codes(frames), ['TAPRI_INTERNAL', 'TAPRI_INTERNAL', 'TAPRI_INTERNAL'])
  assert.doesNotMatch(JSON.stringify(frames), /secret reason/)
  assert.match(JSON.stringify(stall.entries), /secret reason/)
})

test('a handler that never answers is given up', async (t) => {
  const signals: AbortSignal[] = []
  const stall = await openStall(t, {
    never: ({ signal }) => {
      signals.push(signal)
      return new Promise(() => {})
    },
  })
  const raw = await openRaw(stall.port)
  raw.send({ type: 'subscribe', id: 1, route: 'never' })
  while (signals.length === 0) await turns(1)
  stall.clock.advance(30_000)
  let frame = await raw.next()
  while (frame.type === 'ping') frame = await raw.next()
  assert.deepEqual(codes([frame]), ['TAPRI_LIVE_TIMEOUT'])
  assert.equal(signals[0]?.aborted, true)
})

test('a handler is told when nobody waits for its answer any more', async (t) => {
  const signals: AbortSignal[] = []
  const stall = await openStall(t, {
    never: ({ signal }) => {
      signals.push(signal)
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    },
  })
  const raw = await openRaw(stall.port)
  raw.send({ type: 'subscribe', id: 1, route: 'never' })
  while (signals.length === 0) await turns(1)
  raw.send({ type: 'unsubscribe', id: 1 })
  await raw.settle()
  assert.equal(signals[0]?.aborted, true)
  await stall.live.settled()
})
