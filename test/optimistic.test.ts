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
  const notes = api.notes.list.live(board)
  await notes.ready
  const shown = arrivals<readonly string[]>()
  notes.onChange(shown.add)
  const write = (text: string, signal?: AbortSignal) =>
    api.notes.create.optimistic(
      { text, ...board },
      (show) => show(notes, (rows) => [...rows, `${text}…`]),
      signal === undefined ? {} : { signal },
    )
  return { server, gate, api, notes, shown, write }
}

test('the answer of a write says where it is seen, also of one that a service made; others do not', async (t) => {
  const { api, server } = await open(t)
  const first = await api.notes.create.response({ text: 'a', ...board })
  const second = await api.notes.dictate.response()
  const [epoch, position] = (first.headers.get('tapri-token') ?? '').split('.')
  const [sameEpoch, later] = (second.headers.get('tapri-token') ?? '').split('.')
  assert.ok(Number(position) > 0 && Number(later) > Number(position) && epoch === sameEpoch, `${epoch}.${position}, ${later}`)
  assert.equal((await api.notes.nothing.response()).headers.get('tapri-token'), null)
  assert.equal((await api.notes.list.response(board)).headers.get('tapri-token'), null)
  assert.equal((await server.db.notes.find()).length, 2)
})

test('a change is shown at once, and gives way to what the server has made of it, each once', async (t) => {
  const { write, notes, shown } = await open(t)
  const writing = write('kites')
  assert.deepEqual(notes.value, ['kites…'])
  assert.equal(typeof (await writing).id, 'string')
  await shown.count(2)
  assert.deepEqual(shown.seen, [['kites…'], ['kites']])
})

test('a live answer that overtakes the answer of the write is not shown beside the change', async (t) => {
  const answered = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const { write, notes, shown, api } = await open(t, {
    fetch: async (url, init) => {
      const answer = await fetch(url, init)
      if (init?.method === 'POST') {
        answered.resolve()
        await release.promise
      }
      return answer
    },
  })
  const other = arrivals<readonly string[]>()
  api.notes.list.live(board, other.add)
  await other.count(1)
  const writing = write('kites')
  await answered.promise
  await other.count(2)
  assert.deepEqual([other.seen[1], notes.value], [['kites'], ['kites…']])
  release.resolve()
  await writing
  await shown.count(2)
  assert.deepEqual(shown.seen, [['kites…'], ['kites']])
})

test('the change stays until the live answer has it, though the write was answered long before', async (t) => {
  const sockets = heldSockets()
  const { write, notes, shown } = await open(t, { WebSocket: sockets.WebSocket })
  sockets.hold()
  await write('kites')
  await sockets.heldOne()
  assert.deepEqual(notes.value, ['kites…'])
  sockets.release()
  await shown.count(2)
  assert.deepEqual(shown.seen, [['kites…'], ['kites']])
})

test('what others write meanwhile is shown under the change', async (t) => {
  const { write, notes, shown, gate, server } = await open(t)
  gate.close()
  const writing = write('mine')
  await server.db.notes.create({ text: 'theirs', ...board })
  gate.open()
  await writing
  for (let told = 1; notes.value?.includes('mine') !== true; told++) await shown.count(told)
  assert.deepEqual(notes.value, ['theirs', 'mine'])
  for (const rows of shown.seen) assert.equal(rows.filter((row) => row.startsWith('mine')).length, 1)
})

test('a write that is refused takes its change with it', async (t) => {
  const { write, notes, shown } = await open(t)
  const writing = write('forbidden')
  assert.deepEqual(notes.value, ['forbidden…'])
  await assert.rejects(writing, { code: 'TAPRI_DENIED' })
  assert.deepEqual(shown.seen, [['forbidden…'], []])
})

test('a write that has changed nothing takes its change with it when it is answered', async (t) => {
  const { api, notes, shown } = await open(t)
  await api.notes.nothing.optimistic({}, (show) => show(notes, () => ['no']))
  assert.deepEqual(shown.seen, [['no'], []])
  const dictated = api.notes.dictate.optimistic({}, (show) => show(notes, () => ['elsewhere']))
  await dictated
  await shown.count(4)
  assert.deepEqual(shown.seen.slice(2), [['elsewhere'], []])
})

test('every live answer of a route and an input shows the change, those with another input do not', async (t) => {
  const { api, notes } = await open(t)
  const [same, other] = [api.notes.list.live(board), api.notes.list.live({ board: 'other' })]
  await Promise.all([same.ready, other.ready])
  const writing = api.notes.create.optimistic({ text: 'kites', ...board }, (show) =>
    show(api.notes.list, board, (rows) => [...rows, 'kites…']),
  )
  assert.deepEqual([notes.value, same.value, other.value], [['kites…'], ['kites…'], []])
  await writing
})

test('writes that are made while nobody can be reached wait, and are done in their order once somebody can', async (t) => {
  const { gate, write, notes, server, api } = await open(t)
  const line = arrivals<string>()
  connection(api).onChange(({ state }) => line.add(state))
  gate.close()
  await line.count(1)
  const writing = Promise.all([write('a'), write('b'), write('c')])
  assert.deepEqual(notes.value, ['a…', 'b…', 'c…'])
  assert.deepEqual(await server.db.notes.find(), [])
  gate.open()
  const numbers = (await writing).map(({ number }) => number)
  assert.deepEqual(
    numbers,
    numbers.toSorted((one, other) => one - other),
  )
  const rows = await server.db.notes.find({ orderBy: 'id' })
  assert.deepEqual(
    rows.map(({ text }: { text: string }) => text),
    ['a', 'b', 'c'],
  )
  await line.count(2)
  assert.deepEqual(line.seen.slice(0, 2), ['offline', 'online'])
})

test('a write whose answer was lost is not done twice', async (t) => {
  let lost = 0
  const { write, server } = await open(t, {
    fetch: async (url, init) => {
      const answer = await fetch(url, init)
      if (init?.method !== 'POST' || lost++ > 0) return answer
      await answer.arrayBuffer()
      throw new TypeError('The connection was reset')
    },
  })
  const { number } = await write('once')
  assert.equal((await server.db.notes.find()).length, 1)
  assert.equal(lost, 2)
  assert.equal(typeof number, 'number')
})

test('a call with a key of its own is sent again when its answer is lost, and done once', async (t) => {
  let lost = 0
  const { api, server } = await open(t, {
    fetch: async (url, init) => {
      const answer = await fetch(url, init)
      if (init?.method !== 'POST' || lost++ > 0) return answer
      throw new TypeError('The connection was reset')
    },
  })
  await api.notes.create({ text: 'once', ...board }, { key: 'order "7"' })
  assert.equal((await server.db.notes.find()).length, 1)
  await assert.rejects(api.notes.create({ text: 'x', ...board }, { key: 'naïve' }), { code: 'TAPRI_CLIENT_INPUT' })
})

test('no more than a hundred writes wait; one that is given up is not sent, and its change goes', async (t) => {
  const { gate, write, notes, server } = await open(t)
  gate.close()
  const leaving = new AbortController()
  const waiting = Array.from({ length: 100 }, (_, index) => write(`${index}`, leaving.signal))
  await assert.rejects(write('one too many'), { code: 'TAPRI_CLIENT_QUEUE' })
  assert.equal(notes.value?.length, 100)
  const reason = new Error('left the page')
  leaving.abort(reason)
  assert.deepEqual(notes.value, [])
  for (const outcome of await Promise.allSettled(waiting)) assert.deepEqual(outcome, { status: 'rejected', reason })
  gate.open()
  await write('after')
  assert.equal((await server.db.notes.find()).length, 1)
})

test('a change that cannot be made is thrown, and nothing is sent', async (t) => {
  const { api, notes, server } = await open(t)
  const wrong = new Error('no such row')
  const writing = api.notes.create.optimistic({ text: 'x', ...board }, (show) =>
    show(notes, () => {
      throw wrong
    }),
  )
  await assert.rejects(writing, wrong)
  assert.deepEqual([notes.value, await server.db.notes.find()], [[], []])
})
