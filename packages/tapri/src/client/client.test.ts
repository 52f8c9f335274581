import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import { encodeWire, wireType } from '../kit/wire.ts'
import { client } from './index.ts'
import { outgoing } from './request.ts'
import { echo, json, serve } from './serve.fixture.ts'

test('the input is split into path, query and body', async () => {
  await using server = await serve(echo)
  const since = new Date(0)
  assert.deepEqual(await server.api.videos.list({ page: 2, tags: ['a b', 'ç&'], since, sort: null }), {
    method: 'GET',
    url: '/api/videos?page=2&tags=a+b&tags=%C3%A7%26&since=1970-01-01T00%3A00%3A00.000Z',
    body: '',
  })
  assert.equal((await server.api.videos.get({ id: 'a/b?c#d é' })).url, '/api/videos/a%2Fb%3Fc%23d%20%C3%A9')
  assert.equal((await server.api.videos.raw({ rest: 'a b/c?' })).url, '/api/raw/a%20b/c%3F')
  assert.equal((await server.api.videos.find({ anything: true })).url, '/api/find?anything=true')
  assert.deepEqual(await server.api.videos.rename({ id: 'x', notify: false, title: '~Kites', at: since, none: null }), {
    method: 'PATCH',
    url: '/api/videos/x?notify=false',
    body: '{"title":"~Kites","at":"1970-01-01T00:00:00.000Z","none":null}',
  })
  assert.equal((await server.api.videos.list()).url, '/api/videos')
})

test('a name that no part of the route knows still reaches the server, which refuses it', async () => {
  await using server = await serve(echo)
  assert.equal((await server.api.videos.list({ pgae: 2 })).url, '/api/videos?pgae=2')
})

test('a path value that would call another path is refused', async () => {
  await using server = await serve(echo)
  for (const id of ['..', '.', '', undefined, null]) {
    await assert.rejects(server.api.videos.get({ id }), { code: 'TAPRI_CLIENT_INPUT' })
  }
  await assert.rejects(server.api.videos.raw({ rest: 'a/../../auth' }), { code: 'TAPRI_CLIENT_INPUT' })
  assert.equal(server.seen.length, 0)
})

test('the routes are asked for once, also by calls at the same time', async () => {
  await using server = await serve(echo)
  assert.equal(server.manifests(), 0)
  await Promise.all([server.api.videos.list(), server.api.videos.list(), server.api.videos.get({ id: 'a' })])
  assert.equal(server.manifests(), 1)
})

test('routes that could not be loaded are asked for again by the next call', async () => {
  await using server = await serve(echo)
  let fails = true
  const api: any = client<any>(server.url, {
    retries: 0,
    fetch: async (input, init) =>
      fails
        ? new Response('<h1>Bad Gateway</h1>', { status: 502, headers: { 'content-type': 'text/html' } })
        : fetch(input, init),
  })
  await assert.rejects(api.videos.list(), { code: 'TAPRI_CLIENT_ANSWER', status: 502 })
  fails = false
  assert.equal((await api.videos.list()).url, '/api/videos')
})

test('a route that the server does not have is named', async () => {
  await using server = await serve(echo)
  await assert.rejects(server.api.videos.lst(), { code: 'TAPRI_CLIENT_ROUTE', message: /"videos.lst"/ })
  await assert.rejects(server.api.constructor.name(), { code: 'TAPRI_CLIENT_ROUTE' })
})

test('answers come as what they are: times, nothing, text, bytes', async () => {
  await using server = await serve(({ url, headers }, response) => {
    if (url.endsWith('/none')) response.writeHead(204).end()
    else if (url.endsWith('/text')) response.setHeader('content-type', 'text/plain; charset=utf-8').end('naïve')
    else if (url.endsWith('/bytes')) response.setHeader('content-type', 'application/octet-stream').end(Buffer.from([1, 2]))
    else {
      assert.ok(headers.accept?.includes(wireType))
      response.setHeader('content-type', wireType).end(encodeWire({ at: new Date(5), text: '~t' }))
    }
  })
  const { videos } = server.api
  assert.deepEqual(await videos.get({ id: 'wire' }), { at: new Date(5), text: '~t' })
  assert.equal(await videos.get({ id: 'none' }), undefined)
  assert.equal(await videos.get({ id: 'text' }), 'naïve')
  assert.deepEqual(new Uint8Array(await (await videos.get({ id: 'bytes' })).arrayBuffer()), new Uint8Array([1, 2]))
})

test('a problem document becomes the error that the server threw', async () => {
  const problem = {
    type: 'about:blank',
    title: 'Unprocessable Content',
    status: 422,
    detail: 'Cannot accept it',
    code: 'TAPRI_INVALID',
  }
  await using server = await serve((_seen, response) =>
    json(response, { ...problem, issues: [{ path: ['title'], message: 'is required' }] }, 422),
  )
  await assert.rejects(server.api.videos.list(), {
    name: 'TapriError',
    code: 'TAPRI_INVALID',
    message: 'Cannot accept it',
    status: 422,
    issues: [{ path: ['title'], message: 'is required' }],
  })
})

test('an answer that is not from this API says so', async () => {
  await using server = await serve(({ url }, response) => {
    if (url.endsWith('/html')) response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>nginx</h1>')
    else if (url.endsWith('/foreign')) json(response, { message: 'nope' }, 403)
    else response.setHeader('content-type', 'application/json').end('{"cut')
  })
  await assert.rejects(server.api.videos.get({ id: 'html' }), { code: 'TAPRI_CLIENT_ANSWER', status: 502 })
  await assert.rejects(server.api.videos.get({ id: 'foreign' }), { code: 'TAPRI_CLIENT_ANSWER', status: 403 })
  await assert.rejects(server.api.videos.get({ id: 'cut' }), { code: 'TAPRI_CLIENT_ANSWER', status: 502 })
})

test('a signal ends a call with its own reason', async () => {
  const reason = new Error('left the page')
  const controller = new AbortController()
  await using server = await serve(() => controller.abort(reason))
  await assert.rejects(server.api.videos.list({}, { signal: controller.signal }), reason)
  await assert.rejects(server.api.videos.list({}, { signal: controller.signal }), reason)
  assert.equal(server.seen.length, 1)
})

test('a signal ends a call that still waits for the routes, and no other one', async () => {
  await using server = await serve(echo)
  const asked = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const api: any = client<any>(server.url, {
    fetch: async (input, init) => {
      asked.resolve()
      await release.promise
      return fetch(input, init)
    },
  })
  const reason = new Error('left the page')
  const controller = new AbortController()
  const left = api.videos.list({}, { signal: controller.signal })
  const stays = api.videos.list()
  await asked.promise
  controller.abort(reason)
  await assert.rejects(left, reason)
  release.resolve()
  assert.equal((await stays).url, '/api/videos')
  assert.equal(server.seen.length, 1)
})

test('the token goes along', async () => {
  await using server = await serve(echo)
  const api: any = client<any>(server.url, { token: 'secret' })
  await api.videos.list()
  assert.equal(server.seen[0]?.headers.authorization, 'Bearer secret')
})

test('a token that does not come is waited for no longer than the call may take, or until its signal ends it', async () => {
  await using server = await serve(echo)
  const clock = manualClock()
  let asked = Promise.withResolvers<void>()
  let isKnown = true
  const token = async () => {
    if (isKnown) return 'secret'
    asked.resolve()
    return new Promise<string>(() => {})
  }
  const api: any = client<any>(server.url, { token, clock })
  await api.videos.list()
  isKnown = false
  const late = assert.rejects(api.videos.list(), { code: 'TAPRI_CLIENT_TIMEOUT' })
  await asked.promise
  clock.advance(60_000)
  await late
  asked = Promise.withResolvers()
  const controller = new AbortController()
  const left = api.videos.list({}, { signal: controller.signal })
  await asked.promise
  controller.abort(new Error('left the page'))
  await assert.rejects(left, { message: 'left the page' })
  assert.equal(server.seen.length, 1)
})

test('files travel as a form, and the progress of the upload is told from start to end', async () => {
  await using server = await serve(({ headers, body }, response) =>
    json(response, { type: headers['content-type'], body: body.toString('latin1') }),
  )
  const told: { sent: number; total: number }[] = []
  const source = new File([new Uint8Array(300_000).fill(65)], 'kites.mp4', { type: 'video/mp4' })
  const input = { title: 'Kites é', tags: ['a', 'b'], at: new Date(0), source, none: null }
  const answer = await server.api.videos.create(input, {
    onProgress: (progress: { sent: number; total: number }) => told.push(progress),
  })
  const form = await new Response(Buffer.from(answer.body, 'latin1'), { headers: { 'content-type': answer.type } }).formData()
  assert.deepEqual(
    [form.get('title'), form.getAll('tags'), form.get('at'), form.has('none')],
    ['Kites é', ['a', 'b'], '1970-01-01T00:00:00.000Z', false],
  )
  const file = form.get('source')
  assert.ok(file instanceof File)
  assert.deepEqual([file.name, file.type, file.size], ['kites.mp4', 'video/mp4', 300_000])
  const total = server.seen[0]?.body.byteLength
  assert.deepEqual(told[0], { sent: 0, total })
  assert.deepEqual(told.at(-1), { sent: total, total })
  assert.ok(told.length > 2)
  assert.deepEqual(
    told.map(({ sent }) => sent),
    told.map(({ sent }) => sent).sort((one, other) => one - other),
  )
})

test('progress is told for a body without files and for none', async () => {
  await using server = await serve(echo)
  const told: unknown[] = []
  const options = { onProgress: (progress: unknown) => told.push(progress) }
  assert.equal((await server.api.videos.rename({ id: 'x', title: 'é' }, options)).body, '{"title":"é"}')
  assert.deepEqual(
    [told[0], told.at(-1)],
    [
      { sent: 0, total: 14 },
      { sent: 14, total: 14 },
    ],
  )
  await server.api.videos.list({}, options)
  assert.deepEqual(told.slice(-2), [
    { sent: 0, total: 0 },
    { sent: 0, total: 0 },
  ])
})

test('a client can be awaited, and gives the same function for the same name', async () => {
  const api: any = client<any>('http://localhost:3000/api/')
  assert.equal(await api, api)
  assert.equal(api.videos.list, api.videos.list)
})

test('an address that cannot be called is refused at once', () => {
  assert.throws(() => client<any>('/api'), { code: 'TAPRI_CLIENT_URL' })
  assert.throws(() => client<any>('ftp://host/api'), { code: 'TAPRI_CLIENT_URL' })
})

test('what is to be emptied is told as null, also where files could be sent', () => {
  const route = { method: 'PATCH', path: '/videos/:id', query: [], body: 'form' } as const
  const input = { id: 'a', source: null, title: 'Kites' }
  assert.partialDeepStrictEqual(outgoing('http://club.test/api', 'videos.update', route, input), {
    headers: { 'content-type': 'application/json' },
    body: '{"source":null,"title":"Kites"}',
  })
})
