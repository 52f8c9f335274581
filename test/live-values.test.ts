import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type ClientOptions, client, closeClient, connection } from 'tapri/client'
import { testApp } from 'tapri/test'
import { arrivals } from '../packages/tapri/src/live/stall.fixture.ts'
import { gateTo, heldSockets } from './gates.fixture.ts'
import app from './notes.fixture.ts'

const board = { board: 'plans' }

async function open(t: TestContext, options: ClientOptions = {}) {
  const server = await testApp(app)
  const gate = await gateTo(server.url)
  const api = client<typeof app>(gate.url, options)
  t.after(async () => {
    closeClient(api)
    await gate[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })
  return { server, gate, api, write: (text: string) => server.db.notes.create({ text, ...board }) }
}

test('a live answer can be iterated over: the present value, then each that follows', async (t) => {
  const { api, write } = await open(t)
  const seen: (readonly string[])[] = []
  for await (const rows of api.notes.list.live(board)) {
    seen.push(rows)
    if (rows.length === 3) break
    await write(`${rows.length}`)
  }
  assert.deepEqual(seen, [[], ['0'], ['0', '1'], ['0', '1', '2']])
})

test('a slow reader skips to the newest value', async (t) => {
  const { api, write } = await open(t)
  using notes = api.notes.list.live(board)
  const values = notes[Symbol.asyncIterator]()
  assert.deepEqual(await values.next(), { done: false, value: [] })
  const told = arrivals<readonly string[]>()
  notes.onChange(told.add)
  await write('a')
  await told.count(1)
  await write('b')
  await told.count(2)
  assert.deepEqual(await values.next(), { done: false, value: ['a', 'b'] })
})

test('leaving the loop ends the subscription, and closing it ends the loop', async (t) => {
  const { api } = await open(t)
  const left = api.notes.list.live(board)
  for await (const _rows of left) break
  assert.equal(left.isClosed, true)

  const closed = api.notes.list.live(board)
  const values = closed[Symbol.asyncIterator]()
  await values.next()
  const waiting = values.next()
  closed.close()
  assert.deepEqual(await waiting, { done: true, value: undefined })
  assert.deepEqual(await values.next(), { done: true, value: undefined })
})

test('return() answers a reader that waits', async (t) => {
  const { api } = await open(t)
  const values = api.notes.list.live(board)[Symbol.asyncIterator]()
  await values.next()
  const waiting = values.next()
  assert.deepEqual(await values.return?.(), { done: true, value: undefined })
  assert.deepEqual(await waiting, { done: true, value: undefined })
})

test('what the server refuses is thrown by the loop once, by ready, and kept as error', async (t) => {
  const { api } = await open(t)
  const errors = arrivals<Error>()
  const refused = api.notes.fails.live({}, { onError: errors.add })
  await assert.rejects(refused.ready, { code: 'TAPRI_DENIED' })
  const values = refused[Symbol.asyncIterator]()
  await assert.rejects(values.next(), { code: 'TAPRI_DENIED' })
  assert.deepEqual(await values.next(), { done: true, value: undefined })
  assert.deepEqual([refused.value, refused.isClosed, refused.error], [undefined, true, errors.seen[0]])
})

test('ready gives the first value, and rejects when it was closed before', async (t) => {
  const { api, write } = await open(t)
  await write('a')
  using notes = api.notes.list.live(board)
  assert.deepEqual([notes.value, notes.state.isReady], [undefined, false])
  assert.deepEqual(await notes.ready, ['a'])
  assert.deepEqual([notes.value, notes.state.isReady], [['a'], true])
  const closed = api.notes.list.live(board)
  const { ready } = closed
  closed.close()
  await assert.rejects(ready, { code: 'TAPRI_CLIENT_LIVE' })
})

test('a callback gets the whole answer as before, and nothing once it was ended', async (t) => {
  const { api, write } = await open(t)
  const told = arrivals<readonly string[]>()
  const stop = api.notes.list.live(board, told.add)
  await told.count(1)
  stop()
  await write('a')
  using notes = api.notes.list.live(board)
  await notes.ready
  assert.deepEqual(told.seen, [[]])
})

test('a connection tells its state, and since when', async (t) => {
  const { api, gate } = await open(t)
  const line = connection(api)
  const told = arrivals<string>()
  line.onChange(({ state }) => told.add(state))
  assert.equal(line.state, 'idle')
  const notes = api.notes.list.live(board)
  await notes.ready
  const since = line.since.getTime()
  assert.ok(Math.abs(Date.now() - since) < 60_000)
  gate.close()
  await told.count(3)
  gate.open()
  await told.count(4)
  closeClient(api)
  await told.count(5)
  assert.deepEqual(told.seen, ['connecting', 'online', 'offline', 'online', 'idle'])
})

test('a connection that goes by server-sent events tells its state too', async (t) => {
  const { api, gate } = await open(t, { live: 'events' })
  const line = connection(api)
  const told = arrivals<string>()
  line.onChange(({ state }) => told.add(state))
  await api.notes.list.live(board).ready
  gate.close()
  await told.count(3)
  gate.open()
  await told.count(4)
  closeClient(api)
  await told.count(5)
  assert.deepEqual(told.seen, ['connecting', 'online', 'offline', 'online', 'idle'])
})

test('a connection that is lost when nobody needs it any more is idle', async (t) => {
  const { api, gate } = await open(t)
  const line = connection(api)
  const notes = api.notes.list.live(board)
  await notes.ready
  const told = arrivals<string>()
  line.onChange(({ state }) => told.add(state))
  gate.close()
  await told.count(1)
  notes.close()
  assert.deepEqual(told.seen, ['offline', 'idle'])
})

test('what is not a client has no connection', () => {
  assert.throws(() => connection({}), { code: 'TAPRI_CLIENT_LIVE' })
})

/** Numbers that look random, and are the same each time. */
function numbers(seed: number) {
  let state = seed
  return (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((state / 2 ** 31) * below)
  }
}

for (const seed of [1, 2, 3, 4, 5]) {
  test(`every write is shown exactly once from the moment it is made, whatever comes first (seed ${seed})`, async (t) => {
    const next = numbers(seed)
    const sockets = heldSockets()
    const turns = async (most = 30) => {
      for (let turn = next(most); turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve))
    }
    const { api, write } = await open(t, {
      WebSocket: sockets.WebSocket,
      fetch: async (url, init) => {
        const answer = await fetch(url, init)
        // often longer than the live answer takes
        await turns(5_000)
        return answer
      },
    })
    using notes = api.notes.list.live(board)
    await notes.ready
    const made: string[] = []
    const wrong: unknown[] = []
    notes.onChange((rows) => {
      for (const text of made) if (rows.filter((row) => row === text || row === `${text}…`).length !== 1) wrong.push([text, rows])
    })
    const writing: Promise<unknown>[] = []
    for (let step = 0; step < 40; step++) {
      const text = `${step}`
      const change = next(5)
      if (change === 0) sockets.hold()
      else if (change === 1) sockets.release()
      else if (change === 2) await write(`other ${step}`)
      else {
        made.push(text)
        writing.push(api.notes.create.optimistic({ text, ...board }, (show) => show(notes, (rows) => [...rows, `${text}…`])))
      }
      await turns()
    }
    await Promise.all(writing)
    sockets.release()
    while (notes.value?.some((row) => row.endsWith('…'))) await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(wrong, [])
    assert.deepEqual(
      made.filter((text) => !notes.value?.includes(text)),
      [],
    )
  })
}
