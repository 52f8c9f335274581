import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeWire, wireType } from '../kit/wire.ts'
import { client } from './index.ts'
import { type Handler, serve } from './serve.fixture.ts'

/** Answers with an entity tag, or 304 to who has it. */
const tagged =
  (etag: () => string, headers: Record<string, string> = {}): Handler =>
  (seen, response) => {
    const head = { etag: etag(), ...headers }
    if (seen.headers['if-none-match'] === etag()) response.writeHead(304, head).end()
    else
      response
        .writeHead(200, { ...head, 'content-type': wireType })
        .end(encodeWire({ at: new Date(7), etag: etag(), url: seen.url }))
  }
const asked = (seen: readonly { headers: Record<string, unknown> }[]) => seen.map(({ headers }) => headers['if-none-match'])

test('an answer that is still the same does not come again', async () => {
  let etag = 'W/"1"'
  await using server = await serve(
    tagged(() => etag),
    { keep: 10 },
  )
  const first = await server.api.videos.list({ page: 1 })
  const second = await server.api.videos.list({ page: 1 })
  assert.deepEqual(second, { at: new Date(7), etag: 'W/"1"', url: '/api/videos?page=1' })
  // whoever changes what it was given changes nothing for others
  assert.notEqual(first, second)
  etag = 'W/"2"'
  assert.equal((await server.api.videos.list({ page: 1 })).etag, 'W/"2"')
  assert.equal((await server.api.videos.list({ page: 2 })).url, '/api/videos?page=2')
  assert.deepEqual(asked(server.seen), [undefined, 'W/"1"', 'W/"1"', undefined])
})

test('nothing is kept unless the client is told so, nor what says no-store, nor more than so many', async () => {
  await using server = await serve(tagged(() => '"1"'))
  await server.api.videos.list()
  await server.api.videos.list()
  assert.deepEqual(asked(server.seen), [undefined, undefined])

  await using secret = await serve(
    tagged(() => '"1"', { 'cache-control': 'no-store' }),
    { keep: 10 },
  )
  await secret.api.videos.list()
  await secret.api.videos.list()
  assert.deepEqual(asked(secret.seen), [undefined, undefined])

  await using two = await serve(
    tagged(() => '"1"'),
    { keep: 2 },
  )
  for (const page of [1, 2, 1, 3, 1, 2]) await two.api.videos.list({ page })
  assert.deepEqual(asked(two.seen), [undefined, undefined, '"1"', undefined, '"1"', undefined])
})

test('another client of the same server keeps its own', async () => {
  await using server = await serve(
    tagged(() => '"1"'),
    { keep: 10 },
  )
  await server.api.videos.list()
  const other: any = client<any>(server.url, { keep: 10 })
  await other.videos.list()
  assert.deepEqual(asked(server.seen), [undefined, undefined])
})
