import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import { wireType } from '../kit/wire.ts'
import { eventText, type ServerEvent } from './events.ts'
import { openForTest, problemIn, visitor } from './open.fixture.ts'

test('events arrive one by one as browsers read them, and the source ends with the caller', async (context) => {
  const ended = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  async function* ticks(): AsyncGenerator<ServerEvent> {
    try {
      yield { event: 'tick', id: '1', retry: 500, data: { at: 1 } }
      await release.promise
      yield { data: 'two\nlines' }
      await new Promise(() => {})
    } finally {
      ended.resolve()
    }
  }
  const { url } = await openForTest(context, { ticks: visitor.get('/ticks', ({ reply }) => reply.events(ticks())) })
  const answer = await fetch(`${url}/ticks`, { headers: { 'Accept-Encoding': 'gzip, br' } })
  assert.equal(answer.headers.get('content-type'), 'text/event-stream')
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  assert.equal(answer.headers.get('content-encoding'), null)
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
  assert.ok(reader)
  let text = ''
  const until = async (wanted: string) => {
    while (!text.includes(wanted)) text += (await reader.read()).value ?? ''
  }
  await until('event: tick\nid: 1\nretry: 500\ndata: {"at":1}\n\n')
  release.resolve()
  await until('data: two\ndata: lines\n\n')
  await reader.cancel()
  // a generator that waits for ever cannot be woken; it is left, and nothing waits for it
})

test('a quiet stream is kept alive, and ends when the server stops', async (context) => {
  const clock = manualClock()
  async function* nothing(): AsyncGenerator<ServerEvent> {
    await new Promise(() => {})
  }
  const { url, http } = await openForTest(
    context,
    { quiet: visitor.get('/quiet', ({ reply }) => reply.events(nothing())) },
    { clock },
  )
  const answer = await fetch(`${url}/quiet`)
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
  assert.ok(reader)
  assert.equal((await reader.read()).value, ':\n\n')
  const more = reader.read()
  clock.advance(15_000)
  assert.equal((await more).value, ':\n\n')
  const stopped = http.stop(5000)
  assert.equal((await reader.read()).done, true)
  clock.advance(5000)
  await stopped
})

test('nobody can slip an event of their own into a stream', () => {
  assert.equal(eventText({ data: 'a\rdata: b\r\n\nevent: c' }), 'data: a\ndata: data: b\ndata: \ndata: event: c\n\n')
  assert.throws(() => eventText({ event: 'a\nb', data: 1 }), { code: 'TAPRI_HTTP_ANSWER' })
  assert.throws(() => eventText({ id: 'a\rb', data: 1 }), { code: 'TAPRI_HTTP_ANSWER' })
})

test('lists too long to hold go out as lines of JSON', async (context) => {
  async function* rows() {
    for (let number = 0; number < 3; number++) yield { number }
  }
  const { url } = await openForTest(context, { rows: visitor.get('/rows', ({ reply }) => reply.lines(rows())) })
  const answer = await fetch(`${url}/rows`)
  assert.equal(answer.headers.get('content-type'), 'application/jsonl')
  assert.equal(await answer.text(), '{"number":0}\n{"number":1}\n{"number":2}\n')
})

test('a handler answers in the form that its caller likes best, and refuses who likes none', async (context) => {
  const { url } = await openForTest(context, {
    video: visitor.get('/video', ({ reply }) =>
      reply.negotiate<unknown>({ 'application/json': () => ({ a: 1 }), 'text/html': () => reply.html('<p>a</p>') }),
    ),
  })
  const ask = (accept?: string) => fetch(`${url}/video`, { headers: accept === undefined ? {} : { Accept: accept } })
  assert.match((await ask('text/html,*/*;q=0.8')).headers.get('content-type') ?? '', /html/)
  const json = await ask('application/json')
  assert.deepEqual(await json.json(), { a: 1 })
  assert.match(json.headers.get('vary') ?? '', /Accept/)
  const none = await ask('image/png')
  assert.equal(none.status, 406)
  assert.equal((await problemIn(none)).code, 'TAPRI_HTTP_NOT_ACCEPTABLE')
})

test('a handler says how long its answer may be kept', async (context) => {
  const { url } = await openForTest(context, {
    hour: visitor.get('/hour', ({ reply }) => {
      reply.cache({ maxAge: '1h', public: true, staleWhileRevalidate: '1d' })
      return 1
    }),
    never: visitor.get('/never', ({ reply }) => {
      reply.cache('never')
      return 1
    }),
  })
  const kept = 'public, max-age=3600, stale-while-revalidate=86400'
  assert.equal((await fetch(`${url}/hour`)).headers.get('cache-control'), kept)
  assert.equal((await fetch(`${url}/never`)).headers.get('cache-control'), 'no-store')
})

test('a signed cookie is believed as it was written, under its own name and by a key that is still known', async (context) => {
  const [old, young] = ['o'.repeat(32), 'y'.repeat(32)]
  const routes = {
    set: visitor.get('/set', ({ reply }) => {
      reply.cookie('cart', 'seven', { signed: true })
      return 1
    }),
    read: visitor.get('/read', ({ signedCookies }) => ({ ...signedCookies })),
  }
  const before = await openForTest(context, routes, { secrets: [old] })
  const after = await openForTest(context, routes, { secrets: [young, old] })
  const stranger = await openForTest(context, routes, { secrets: [young] })
  const [cookie = ''] = (await fetch(`${before.url}/set`)).headers.getSetCookie()
  const pair = cookie.split(';')[0] ?? ''
  const read = async (url: string, sent: string) => (await fetch(`${url}/read`, { headers: { Cookie: sent } })).json()
  assert.deepEqual(await read(before.url, pair), { cart: 'seven' })
  assert.deepEqual(await read(after.url, pair), { cart: 'seven' })
  assert.deepEqual(await read(stranger.url, pair), {})
  assert.deepEqual(await read(before.url, pair.replace('seven', 'eight')), {})
  assert.deepEqual(await read(before.url, pair.replace('cart', 'crat')), {})
  const bare = await openForTest(context, routes)
  assert.equal((await fetch(`${bare.url}/set`)).status, 500)
})

test('who reads as the typed client does gets times as times, texts as texts, and is told when the source has ended', async (context) => {
  async function* values(): AsyncGenerator<ServerEvent> {
    yield { data: '5' }
    yield { data: { at: new Date(0) } }
  }
  const { url } = await openForTest(context, {
    events: visitor.get('/events', ({ reply }) => reply.events(values())),
    lines: visitor.get('/lines', ({ reply }) => reply.lines(values())),
  })
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(url + path, { headers })
    return [answer.headers.get('content-type'), await answer.text()]
  }
  const typed = { accept: wireType }
  const time = '"1970-01-01T00:00:00.000Z"'
  const marked = '"~t1970-01-01T00:00:00.000Z"'
  assert.deepEqual(await ask('/events'), ['text/event-stream', `:\n\ndata: 5\n\ndata: {"at":${time}}\n\n`])
  assert.deepEqual(await ask('/events', typed), [
    'text/event-stream; profile=tapri',
    `:\n\ndata: "5"\n\ndata: {"at":${marked}}\n\n: end\n\n`,
  ])
  assert.deepEqual(await ask('/lines'), ['application/jsonl', `{"data":"5"}\n{"data":{"at":${time}}}\n`])
  assert.deepEqual(await ask('/lines', typed), ['application/jsonl; profile=tapri', `{"data":"5"}\n{"data":{"at":${marked}}}\n`])
})
