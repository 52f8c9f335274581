import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { endOfEvents, wireProfile } from '../kit/wire.ts'
import { hastyClock, json, type Seen, serve } from './serve.fixture.ts'

const plain = 'text/event-stream'
const ours = `text/event-stream; ${wireProfile}`

/** Answers each connection with the next text; `!` behind one cuts the connection after it. */
async function serveTexts(type: string, ...texts: (string | Buffer[])[]) {
  const { clock, waits, advance } = hastyClock()
  const left = [...texts]
  const server = await serve(
    (_seen, response, request) => {
      const text = left.shift()
      if (text === undefined) return void response.writeHead(204).end()
      response.writeHead(200, { 'content-type': type })
      if (typeof text !== 'string') return void sendParts(response, text)
      response.write(text.replace(/!$/, ''))
      if (text.endsWith('!')) setImmediate(() => request.socket.destroy())
      else response.end()
    },
    { clock },
  )
  return { ...server, waits, advance }
}

async function sendParts(response: ServerResponse, parts: Buffer[]): Promise<void> {
  for (const part of parts) {
    if (!response.write(part)) await once(response, 'drain')
    await new Promise(setImmediate)
  }
  response.end()
}

async function all(events: AsyncIterable<unknown>): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const event of events) found.push(event)
  return found
}
const lastIds = (seen: readonly Seen[]) => seen.map(({ headers }) => headers['last-event-id'])

test('events are read as browsers read them, wherever the bytes are cut', async () => {
  const text = [
    '\uFEFF: a comment\n',
    'event: tick\r\nid: 1\r\ndata: {"at": 1}\r\n\r\n',
    'data:two\rdata: lines\r\r',
    'data\n\n',
    'event: empty\n\n',
    'unknown: field\ndata: é\nid: a\0b\n\n',
    'data: cut off',
  ].join('')
  const expected = [
    { data: '{"at": 1}', event: 'tick', id: '1' },
    { data: 'two\nlines', id: '1' },
    { data: '', id: '1' },
    { data: 'é', id: '1' },
  ]
  const bytes = Buffer.from(text)
  for (const size of [1, 2, 3, 7, bytes.length]) {
    const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size))
    await using server = await serveTexts(plain, parts)
    assert.deepEqual(await all(await server.api.videos.list()), expected)
  }
})

test('a lost connection is made again behind the last event, until the server says that there are no more', async () => {
  await using server = await serveTexts(
    plain,
    'id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: half!',
    'data: c\n\n',
    'id: 9\ndata: d\n\n',
  )
  const events = await all(await server.api.videos.list())
  assert.deepEqual(
    events,
    ['a', 'b', 'c', 'd'].map((data, index) => ({ data, id: ['1', '2', '3', '9'][index] })),
  )
  assert.deepEqual(lastIds(server.seen), [undefined, '3', '3', '9'])
})

test('the source of a Tapri app ends the stream by ending: texts stay texts, times are times', async () => {
  await using server = await serveTexts(ours, 'data: "5"\n\n!', `data: {"at":"~t1970-01-01T00:00:00.000Z"}\n\n${endOfEvents}`)
  assert.deepEqual(await all(await server.api.videos.list()), [{ data: '5' }, { data: { at: new Date(0) } }])
  assert.equal(server.seen.length, 2)
})

test('it comes back as late as the server asks, and later each time that it is lost at once', async () => {
  await using server = await serveTexts(plain, 'retry: 3000\ndata: a\n\n!', 'data: b\n\n!')
  await all(await server.api.videos.list())
  assert.deepEqual(server.waits.slice(0, 2), [3000, 3000])
  await using quick = await serveTexts(plain, 'data: a\n\n!', 'data: b\n\n!', 'data: c\n\n!')
  await all(await quick.api.videos.list())
  const [first = 0, second = 0] = quick.waits
  assert.ok(first >= 250 && first <= 500 && second >= 500 && second <= 1000, `${quick.waits}`)
})

test('a server that restarts is waited for, a refusal ends the stream with its error', async () => {
  const { clock } = hastyClock()
  const answers = [200, 503, 502, 200, 401]
  await using server = await serve(
    (_seen, response, request) => {
      const status = answers.shift() ?? 500
      if (status !== 200) return void json(response, { status, code: 'TAPRI_AUTH_SESSION', detail: 'Cannot go on' }, status)
      response.writeHead(200, { 'content-type': plain }).write('data: a\n\n')
      setImmediate(() => request.socket.destroy())
    },
    { clock },
  )
  const seen: unknown[] = []
  await assert.rejects(
    async () => {
      for await (const event of await server.api.videos.list()) seen.push(event)
    },
    { code: 'TAPRI_AUTH_SESSION', status: 401 },
  )
  assert.deepEqual(seen, [{ data: 'a' }, { data: 'a' }])
  assert.equal(server.seen.length, 5)
})

test('a server of ours that says nothing for 45 seconds is taken for dead', async () => {
  const { clock, advance } = hastyClock()
  const texts = ['data: 1\n\n', `data: 2\n\n${endOfEvents}`]
  await using server = await serve(
    (_seen, response) => {
      response.writeHead(200, { 'content-type': ours }).write(texts.shift() ?? '')
      // and then nothing more, without an end
    },
    { clock },
  )
  const events = (await server.api.videos.list())[Symbol.asyncIterator]()
  assert.deepEqual(await events.next(), { done: false, value: { data: 1 } })
  const next = events.next()
  await new Promise(setImmediate)
  advance(45_000)
  assert.deepEqual(await next, { done: false, value: { data: 2 } })
  assert.equal((await events.next()).done, true)
})

test('whoever stops listening closes the connection', async () => {
  const closed = Promise.withResolvers<void>()
  await using server = await serve((_seen, response) => {
    response.writeHead(200, { 'content-type': plain }).write('data: a\n\n')
    response.once('close', closed.resolve)
  })
  for await (const event of await server.api.videos.list()) {
    assert.deepEqual(event, { data: 'a' })
    break
  }
  await closed.promise
})

test('a signal ends the stream with its own reason, also between two connections', async () => {
  const reason = new Error('left the page')
  const controller = new AbortController()
  await using server = await serveTexts(plain, 'data: a\n\n!', 'data: b\n\n')
  const seen: unknown[] = []
  await assert.rejects(async () => {
    for await (const event of await server.api.videos.list({}, { signal: controller.signal })) {
      seen.push(event)
      controller.abort(reason)
    }
  }, reason)
  assert.deepEqual(seen, [{ data: 'a' }])
})

test('the events of a POST, and those of a call without retries, are not asked for again', async () => {
  await using server = await serveTexts(plain, 'data: a\n\n!', 'data: a\n\n!')
  const calls = [() => server.api.videos.create({}), () => server.api.videos.list({}, { retries: 0 })]
  for (const call of calls) {
    await assert.rejects(async () => all(await call()), { code: 'TAPRI_CLIENT_UNREACHABLE' })
  }
  assert.equal(server.seen.length, 2)
})
