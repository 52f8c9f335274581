import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import express from 'express'
import { text } from '../../schema/index.ts'
import { fromExpress } from '../connect.ts'
import { openForTest, visitor } from '../open.fixture.ts'

const routes = {
  hi: visitor.get('/hi/:name', ({ params, query }) => ({ hi: params.name, query })),
  made: visitor.post('/made', { body: { title: text({ max: 10 }) } }, ({ body, reply }) => {
    reply.status(201)
    return body
  }),
  moved: visitor.get('/moved', ({ reply }) => reply.redirect('/hi/moved')),
  round: visitor.get('/round', ({ reply }) => reply.redirect('/round')),
  away: visitor.post('/away', ({ reply }) => reply.redirect('/hi/away', 303)),
  cookies: visitor.get('/cookies', ({ cookies }) => ({ seen: cookies.a ?? null })),
  lines: visitor.get('/lines', ({ reply }) => reply.lines(numbers())),
  broken: visitor.get('/broken', () => {
    throw new Error('broken')
  }),
}

async function* numbers() {
  for (const number of [1, 2, 3]) yield { number }
}

const json = { 'content-type': 'application/json' }
const requests: readonly (readonly [string, RequestInit?])[] = [
  ['/hi/Ann?page=2'],
  ['/hi/Ann', { method: 'HEAD' }],
  ['/hi/Ann', { method: 'DELETE' }],
  ['/nothing'],
  ['/hi/%zz'],
  ['/made', { method: 'POST', body: '{"title":"kites"}', headers: json }],
  ['/made', { method: 'POST', body: '{"title":"more than ten signs"}', headers: json }],
  ['/made', { method: 'POST', body: '{"title"', headers: json }],
  ['/made', { method: 'POST', body: 'title=kites', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
  ['/moved'],
  ['/moved', { redirect: 'manual' }],
  ['/away', { method: 'POST' }],
  ['/cookies', { headers: { cookie: 'a=1' } }],
  ['/lines'],
  ['/broken'],
]
/** What belongs to one connection or one moment. */
const ofConnection = /^(?:date|connection|keep-alive|transfer-encoding|content-length|content-encoding|vary|x-request-id)$/

async function told(answer: Response) {
  const body = (await answer.text()).replaceAll(/"(?:id|instance)":"[^"]*"/g, '').replaceAll(/\b[\da-f]{8}-[\da-f-]{27}\b/g, 'id')
  const headers = [...answer.headers].filter(([name]) => !ofConnection.test(name))
  return { status: answer.status, headers, body }
}

test('a request from within is answered as over the network', async (t) => {
  const { http, url } = await openForTest(t, routes, { production: true })
  assert.ok(http.fetch)
  for (const [path, init] of requests) {
    const near = await told(await http.fetch(new Request(url + path, init)))
    const far = await told(await fetch(url + path, { ...init, headers: { 'accept-encoding': 'identity', ...init?.headers } }))
    assert.deepEqual(near, far, `${init?.method ?? 'GET'} ${path}`)
  }
})

test('redirects that never end are refused, as fetch refuses them', async (t) => {
  const { http, url } = await openForTest(t, routes)
  await assert.rejects(async () => http.fetch?.(new Request(`${url}/round`)), TypeError)
})

test('a caller who leaves is told so at once, and the handler too', async (t) => {
  const left = Promise.withResolvers<void>()
  const entered = Promise.withResolvers<void>()
  const slow = visitor.get('/slow', async ({ signal }) => {
    entered.resolve()
    await once(signal, 'abort')
    left.resolve()
  })
  const { http, url } = await openForTest(t, { slow })
  const leaving = new AbortController()
  const answer = http.fetch?.(new Request(`${url}/slow`, { signal: leaving.signal }))
  await entered.promise
  leaving.abort(new Error('enough'))
  await assert.rejects(async () => answer, /enough/)
  await left.promise
})

test('an app with Express in it needs objects of Node, and so a network', async (t) => {
  const { http } = await openForTest(t, routes, { mounts: { '/old': fromExpress(express()) } })
  assert.equal(http.fetch, undefined)
})
