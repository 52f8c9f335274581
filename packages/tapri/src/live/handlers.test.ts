import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openRaw } from './socket.fixture.ts'
import { type Given, openStall, turns } from './stall.fixture.ts'

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

test('reads that no index finds are told, and a thousand of one form are told in the log, once', async (t) => {
  const counting = ({ db, input }: Given) =>
    Promise.all(
      Array.from({ length: input.count }, (_, at) =>
        db.videos.count({ where: { published: true, title: { contains: `${input.word}${at}` } } }),
      ),
    )
  const stall = await openStall(t, { counting, plain: ({ db }) => db.videos.count({ where: { likes: 3 } }) })
  const raw = await openRaw(stall.port)
  raw.send({ type: 'subscribe', id: 1, route: 'counting', input: { count: 3, word: 'kite' } })
  raw.send({ type: 'subscribe', id: 2, route: 'plain' })
  await raw.settle()
  const told = () => stall.entries.filter(({ event }) => event === 'live.condition.unindexed').map(({ facts }) => facts)
  const [first, ...others] = stall.live.unindexed
  assert.deepEqual([first?.model, first?.count, others, told()], ['videos', 3, [], []])
  assert.match(first?.condition ?? '', /title contains \?/)
  raw.send({ type: 'subscribe', id: 3, route: 'counting', input: { count: 1_100, word: 'string' } })
  await raw.settle()
  raw.send({ type: 'unsubscribe', id: 3 })
  await raw.settle()
  raw.send({ type: 'subscribe', id: 4, route: 'counting', input: { count: 1_100, word: 'drum' } })
  await raw.settle()
  assert.deepEqual(told(), [{ model: 'videos', condition: first?.condition, count: 1_000 }])
  assert.equal(stall.live.unindexed[0]?.count, 1_103)
  raw.send({ type: 'unsubscribe', id: 4 })
  raw.send({ type: 'unsubscribe', id: 1 })
  await raw.settle()
  assert.deepEqual(stall.live.unindexed, [])
})
