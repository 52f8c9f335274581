import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wireProfile } from '../kit/wire.ts'
import { json, serve } from './serve.fixture.ts'

test('lines of JSON are values, each when it is there', async () => {
  const release = Promise.withResolvers<void>()
  await using server = await serve(async (_seen, response) => {
    response
      .writeHead(200, { 'content-type': `application/jsonl; ${wireProfile}` })
      .write('{"at":"~t1970-01-01T00:00:00.000Z"}\n')
    await release.promise
    response.end('"~~text"\n\n[1]')
  })
  const lines = (await server.api.videos.list())[Symbol.asyncIterator]()
  assert.deepEqual(await lines.next(), { done: false, value: { at: new Date(0) } })
  release.resolve()
  assert.deepEqual(await lines.next(), { done: false, value: '~text' })
  assert.deepEqual(await lines.next(), { done: false, value: [1] })
  assert.deepEqual(await lines.next(), { done: true, value: undefined })
})

test('lines that end too early, or are none, throw where they are read, and are never begun again', async () => {
  await using server = await serve(({ url }, response, request) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    if (url.endsWith('/bad')) return void response.end('{"a":1}\nno json\n')
    response.write('{"a":1}\n{"b"')
    setImmediate(() => request.socket.destroy())
  })
  for (const [id, code] of [
    ['cut', 'TAPRI_CLIENT_UNREACHABLE'],
    ['bad', 'TAPRI_CLIENT_ANSWER'],
  ]) {
    const seen: unknown[] = []
    await assert.rejects(
      async () => {
        for await (const value of await server.api.videos.get({ id })) seen.push(value)
      },
      { code },
    )
    assert.deepEqual(seen, [{ a: 1 }])
  }
  assert.equal(server.seen.length, 2)
})

test('whoever stops reading lines closes the connection', async () => {
  const closed = Promise.withResolvers<void>()
  await using server = await serve((_seen, response) => {
    response.once('close', closed.resolve)
    response.writeHead(200, { 'content-type': 'application/jsonl' }).write('1\n2\n')
  })
  for await (const value of await server.api.videos.list()) {
    assert.equal(value, 1)
    break
  }
  await closed.promise
})

test('an answer can be had unread, with its headers and its body as a stream; refusals are thrown', async () => {
  await using server = await serve(({ url }, response) => {
    if (url.endsWith('/none')) return void json(response, { status: 404, code: 'TAPRI_NOT_FOUND', detail: 'No video' }, 404)
    response.writeHead(200, { 'content-type': 'video/mp4', 'x-duration': '7' }).end(Buffer.alloc(100_000, 1))
  })
  const answer: Response = await server.api.videos.get.response({ id: 'a' })
  assert.equal(answer.headers.get('x-duration'), '7')
  let bytes = 0
  for await (const chunk of answer.body ?? []) bytes += chunk.byteLength
  assert.equal(bytes, 100_000)
  await assert.rejects(server.api.videos.get.response({ id: 'none' }), { code: 'TAPRI_NOT_FOUND' })
})

test('whether there is an answer is asked without its body; other refusals are thrown with their code', async () => {
  await using server = await serve(({ url }, response) => {
    const status = Number(/\d+$/.exec(url)?.[0])
    if (status === 200) json(response, {})
    else json(response, { status, code: 'TAPRI_SOME', detail: 'Cannot' }, status)
  })
  const { exists } = server.api.videos.get
  assert.deepEqual(
    [await exists({ id: 'v200' }), await exists({ id: 'v404' }), await exists({ id: 'v410' })],
    [true, false, false],
  )
  assert.deepEqual(
    server.seen.map(({ method }) => method),
    ['HEAD', 'HEAD', 'HEAD'],
  )
  await assert.rejects(exists({ id: 'v403' }), { code: 'TAPRI_SOME', status: 403 })
})

test('a download tells how much has come, and of how much where that is known', async () => {
  await using server = await serve(({ url }, response) => {
    const head = { 'content-type': 'application/octet-stream' }
    if (url.endsWith('/none')) return void response.writeHead(204).end()
    response.writeHead(200, url.endsWith('/known') ? { ...head, 'content-length': '300000' } : head).end(Buffer.alloc(300_000))
  })
  const download = async (id: string) => {
    const told: { received: number; total: number | undefined }[] = []
    await server.api.videos.get({ id }, { onDownload: (progress: { received: number; total: number }) => told.push(progress) })
    return told
  }
  const known = await download('known')
  assert.deepEqual(
    [known[0], known.at(-1)],
    [
      { received: 0, total: 300_000 },
      { received: 300_000, total: 300_000 },
    ],
  )
  assert.ok(known.length > 2)
  const unknown = await download('unknown')
  assert.deepEqual(
    [unknown[0], unknown.at(-1)],
    [
      { received: 0, total: undefined },
      { received: 300_000, total: 300_000 },
    ],
  )
  assert.deepEqual(await download('none'), [{ received: 0, total: undefined }])
})
