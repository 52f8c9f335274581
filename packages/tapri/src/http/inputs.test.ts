import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { bool, file, id, int, list, text } from '../schema/index.ts'
import { openForTest, problemIn, visitor } from './open.fixture.ts'
import type { Route } from './types.ts'

const code = (name: string) => (error: unknown) => error instanceof Error && 'code' in error && error.code === name

test('params and query are converted from their words', async (t) => {
  const { url } = await openForTest(t, {
    one: visitor.get(
      '/n/:n',
      { params: { n: int() }, query: { page: int({ min: 1, default: 1 }), tag: list(text()), open: bool({ default: false }) } },
      ({ params, query }) => ({ params, query }),
    ),
    free: visitor.get('/free/:name', ({ params, query }) => ({ params, query })),
  })
  const get = async (path: string) => (await fetch(url + path)).json()
  assert.deepEqual(await get('/n/7?page=2&tag=a&tag=b%20c&open=true'), {
    params: { n: 7 },
    query: { page: 2, tag: ['a', 'b c'], open: true },
  })
  assert.deepEqual(await get('/n/7?tag=a+b'), { params: { n: 7 }, query: { page: 1, tag: ['a b'], open: false } })
  assert.deepEqual(await get('/free/Asha%20R?x=1'), { params: { name: 'Asha R' }, query: {} })
})

test('everything that is wrong in params, query and body is listed in one answer', async (t) => {
  const { url } = await openForTest(t, {
    all: visitor.put(
      '/videos/:id',
      { params: { id: id('videos') }, query: { page: int({ min: 1 }) }, body: { title: text(), tags: list(text()) } },
      () => 'ok',
    ),
  })
  const response = await fetch(`${url}/videos/7?page=0&page2=1`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '{"tags":["a",7]}',
  })
  const problem = await problemIn(response)
  assert.equal(response.status, 422)
  assert.equal(problem.code, 'TAPRI_INVALID')
  assert.deepEqual(
    problem.issues.map(({ path }: { path: unknown }) => path),
    [['id'], ['page'], ['page2'], ['title'], ['tags', 1]],
  )
})

test('a query key that comes twice is a list, and refused where one value is asked for', async (t) => {
  const { url } = await openForTest(t, { one: visitor.get('/', { query: { page: int() } }, ({ query }) => query) })
  const response = await fetch(`${url}/?page=1&page=2`)
  assert.equal(response.status, 422)
  assert.deepEqual((await problemIn(response)).issues, [{ path: ['page'], message: 'must be a whole number, not a list' }])
})

for (const [query, status, expected] of [
  ['page=%zz', 400, 'TAPRI_HTTP_QUERY'],
  ['page=%00', 400, 'TAPRI_HTTP_QUERY'],
  ['__proto__=1', 400, 'TAPRI_HTTP_QUERY'],
  ['page[$ne]=1', 422, 'TAPRI_INVALID'],
  ['page=1e3', 422, 'TAPRI_INVALID'],
  ['constructor=1&page=1', 422, 'TAPRI_INVALID'],
] as const) {
  test(`the query "${query}" is refused`, async (t) => {
    const { url } = await openForTest(t, { one: visitor.get('/', { query: { page: int() } }, ({ query }) => query) })
    const response = await fetch(`${url}/?${query}`)
    assert.deepEqual([response.status, (await problemIn(response)).code], [status, expected])
  })
}

test('a schema of another library checks query and body, and its issues are listed the same way', async (t) => {
  const { url } = await openForTest(t, {
    make: visitor.post(
      '/',
      { query: z.object({ page: z.coerce.number().min(1) }), body: z.object({ title: z.string().min(2) }) },
      ({ query, body }) => ({ query, body }),
    ),
  })
  const post = (search: string, body: string) =>
    fetch(`${url}/${search}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  assert.deepEqual(await (await post('?page=2', '{"title":"ab"}')).json(), { query: { page: 2 }, body: { title: 'ab' } })
  const response = await post('?page=0', '{"title":"a"}')
  assert.equal(response.status, 422)
  assert.deepEqual(
    (await problemIn(response)).issues.map(({ path }: { path: unknown }) => path),
    [['page'], ['title']],
  )
})

test('what is wrong with a part as a whole is told of the part', async (t) => {
  const { url } = await openForTest(t, { make: visitor.post('/', { body: { title: text() } }, () => 1) })
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '[]' })
  const { detail, issues } = await problemIn(response)
  assert.deepEqual(issues, [{ path: ['body'], message: 'must be an object' }])
  assert.equal(detail, 'Cannot accept the request: body must be an object')
})

test('what could never be asked for rightly is refused at start', async (t) => {
  const open = (route: Route<string, any, any>) => openForTest(t, { route })
  const picture = file({ accept: 'image/*', maxSize: '1mb' })
  const twice = code('TAPRI_HTTP_INPUT_TWICE')
  const wrong = code('TAPRI_HTTP_ROUTE')
  await assert.rejects(open(visitor.post('/', { query: { a: int() }, body: { a: int() } }, () => 1)), twice)
  await assert.rejects(open(visitor.post('/:a', { body: { a: int() } }, () => 1)), twice)
  await assert.rejects(open(visitor.get('/:a', { params: { a: int() }, query: { a: int() } }, () => 1)), twice)
  await assert.rejects(open(visitor.get('/:a', { params: { b: int() } }, () => 1)), wrong)
  await assert.rejects(open(visitor.get('/:a/:b', { params: { a: int() } }, () => 1)), wrong)
  await assert.rejects(open(visitor.get('/', { body: { a: int() } }, () => 1)), wrong)
  await assert.rejects(open(visitor.post('/', { query: { picture } }, () => 1)), wrong)
  await assert.rejects(open(visitor.post('/', { body: { a: int() }, example: { a: 'x' } }, () => 1)), wrong)
  await assert.rejects(open(visitor.post('/', { example: { a: 1 } }, () => 1)), wrong)
  await open(visitor.post('/', { body: { a: int(), picture }, example: { a: 1 } }, () => 1))
})
