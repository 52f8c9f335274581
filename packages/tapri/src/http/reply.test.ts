import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { deny } from '../kit/errors.ts'
import { formatCookie } from './cookies.ts'
import { openForTest, problemIn, visitor } from './open.fixture.ts'
import { redirectTarget } from './redirect.ts'
import type { Reply } from './reply.ts'

const code = (name: string) => (error: unknown) => error instanceof Error && 'code' in error && error.code === name

test('a handler sets status, headers and cookies', async (t) => {
  const { url } = await openForTest(t, {
    make: visitor.post('/', ({ reply }) => {
      reply
        .status(201)
        .header('X-Club', 'chess')
        .header('x-club', 'go')
        .cookie('theme', 'dark', { maxAge: '1d' })
        .cookie('b', 'é;')
      return { made: true }
    }),
    bare: visitor.post('/bare', ({ reply }) => {
      reply.status(202)
    }),
    type: visitor.get('/type', ({ reply }) => {
      reply.header('Vary', 'Cookie').header('Content-Type', 'application/geo+json').header('X-Frame-Options', 'SAMEORIGIN')
      return { a: 1 }
    }),
  })
  const made = await fetch(url, { method: 'POST' })
  assert.equal(made.status, 201)
  assert.equal(made.headers.get('x-club'), 'go')
  assert.deepEqual(made.headers.getSetCookie(), [
    'theme=dark; Max-Age=86400; Path=/; HttpOnly; SameSite=Lax',
    'b=%C3%A9%3B; Path=/; HttpOnly; SameSite=Lax',
  ])
  assert.deepEqual(await made.json(), { made: true })
  const bare = await fetch(`${url}/bare`, { method: 'POST' })
  assert.deepEqual([bare.status, bare.headers.get('content-length')], [202, '0'])
  const typed = await fetch(`${url}/type`)
  assert.equal(typed.headers.get('content-type'), 'application/geo+json')
  assert.equal(typed.headers.get('x-frame-options'), 'SAMEORIGIN')
  assert.equal(typed.headers.get('vary'), 'Accept, Accept-Encoding, Cookie')
})

test('what could split an answer or lie about its length is refused', async (t) => {
  const wrong: ((reply: Reply) => unknown)[] = [
    (reply) => reply.header('X-A', 'a\r\nSet-Cookie: b=c'),
    (reply) => reply.header('X-A\r\nB', 'a'),
    (reply) => reply.header('X-A', 'कु'),
    (reply) => reply.header('Set-Cookie', 'a=b'),
    (reply) => reply.header('Content-Length', '3'),
    (reply) => reply.header('Transfer-Encoding', 'chunked'),
    (reply) => reply.status(100),
    (reply) => reply.status(600),
    (reply) => reply.status(200.5),
    (reply) => reply.cookie('a\r\nb', 'c'),
  ]
  const { url, entries } = await openForTest(t, {
    one: visitor.get('/:n', ({ params, reply }) => wrong[Number(params.n)]?.(reply) && 'set'),
  })
  for (const index of wrong.keys()) assert.equal((await fetch(`${url}/${index}`)).status, 500, String(wrong[index]))
  assert.equal(entries.length, wrong.length)
})

test('cookies of a request are read by name, the first of two', async (t) => {
  const { url } = await openForTest(t, { read: visitor.get('/', ({ cookies }) => ({ ...cookies })) })
  const response = await fetch(url, { headers: { cookie: 'a=1; b=%C3%A9; a=2; __proto__=x; c="q"' } })
  const { a, b } = await response.json()
  assert.deepEqual([a, b], ['1', 'é'])
})

test('cookie attributes are closed unless opened, and checked', () => {
  assert.equal(formatCookie('a', 'b', {}, true), 'a=b; Path=/; HttpOnly; Secure; SameSite=Lax')
  assert.equal(formatCookie('__Host-a', 'b', {}, true), '__Host-a=b; Path=/; HttpOnly; Secure; SameSite=Lax')
  const bad = code('TAPRI_HTTP_COOKIE')
  assert.throws(() => formatCookie('__Host-a', 'b', {}, false), bad)
  assert.throws(() => formatCookie('__Host-a', 'b', { path: '/x' }, true), bad)
  assert.throws(() => formatCookie('__host-a', 'b', { domain: 'a.example' }, true), bad)
  assert.throws(() => formatCookie('__Secure-a', 'b', { secure: false }, true), bad)
  assert.throws(() => formatCookie('a', 'b', { sameSite: 'none' }, false), bad)
  assert.throws(() => formatCookie('a', 'b', { path: '/\r\nx' }, true), bad)
  assert.throws(() => formatCookie('a', 'b', { path: '/; Domain=evil.example' }, true), bad)
  assert.throws(() => formatCookie('a', 'b', { domain: 'a.example; Path=/' }, true), bad)
  assert.throws(() => formatCookie('a b', 'c', {}, true), bad)
  const injected: object = { sameSite: 'lax\r\nX: y' }
  assert.throws(() => formatCookie('a', 'b', injected, true), bad)
})

test('a redirect stays here or leads to a listed host', () => {
  const hosts = new Set(['tube.example'])
  assert.equal(redirectTarget('/videos?page=2#top', hosts), '/videos?page=2#top')
  assert.equal(redirectTarget('/वीडियो', hosts), '/%E0%A4%B5%E0%A5%80%E0%A4%A1%E0%A4%BF%E0%A4%AF%E0%A5%8B')
  assert.equal(redirectTarget('https://tube.example/a', hosts), 'https://tube.example/a')
  const elsewhere = [
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/.//evil.example',
    '/x/..//evil.example',
    'javascript:alert(1)',
    'https://tube.example@evil.example',
    'https://me:you@tube.example/',
    'https://tube.example.evil.example',
    'ftp://tube.example',
    'videos',
    '',
  ]
  for (const to of elsewhere) assert.throws(() => redirectTarget(to, hosts), code('TAPRI_HTTP_REDIRECT'), to)
})

test('redirects, pages and texts are answered as such', async (t) => {
  const { url } = await openForTest(t, {
    go: visitor.get('/go', ({ reply }) => reply.redirect('/there')),
    far: visitor.get('/far', ({ request, reply }) => reply.redirect(String(request.headers['x-to']), 302)),
    page: visitor.get('/page', ({ reply }) => reply.html('<p>थाली</p>')),
    text: visitor.get('/text', ({ reply }) => reply.text('{}')),
    clear: visitor.get('/clear', ({ reply }) => reply.clearCookie('a').text('')),
  })
  const go = await fetch(`${url}/go`, { redirect: 'manual' })
  assert.deepEqual([go.status, go.headers.get('location')], [303, '/there'])
  const far = await fetch(`${url}/far`, { redirect: 'manual', headers: { 'x-to': 'https://evil.example' } })
  assert.deepEqual([far.status, (await problemIn(far)).code], [400, 'TAPRI_HTTP_REDIRECT'])
  assert.equal((await fetch(`${url}/page`)).headers.get('content-type'), 'text/html; charset=utf-8')
  assert.equal((await fetch(`${url}/text`)).headers.get('content-type'), 'text/plain; charset=utf-8')
  assert.match((await fetch(`${url}/clear`)).headers.getSetCookie()[0] ?? '', /^a=; Max-Age=0; Path=\//)
})

test('a file of this machine is sent with its type and ranges, a missing one is 404', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'a.csv'), 'name,size\n')
  const { url } = await openForTest(t, {
    file: visitor.get('/file', ({ reply }) => reply.file(join(folder, 'a.csv'))),
    gone: visitor.get('/gone', ({ reply }) => reply.file(join(folder, 'b.csv'))),
  })
  const whole = await fetch(`${url}/file`)
  assert.deepEqual([whole.headers.get('content-type'), await whole.text()], ['text/csv; charset=utf-8', 'name,size\n'])
  const part = await fetch(`${url}/file`, { headers: { range: 'bytes=0-3' } })
  assert.deepEqual([part.status, await part.text()], [206, 'name'])
  assert.equal((await fetch(`${url}/gone`)).status, 404)
})

test('a refusal keeps the cookies that were set before it, and nothing else of the answer', async (t) => {
  const { url, entries } = await openForTest(t, {
    at: visitor.get('/at-once', ({ reply }) => {
      reply.cookie('a', '1').cookie('b', '2').header('Cache-Control', 'public').header('tapri-session', 'changed')
      throw deny('Closed')
    }),
    later: visitor.get('/later', async ({ reply }) => {
      reply.status(201).clearCookie('a')
      throw new Error('broken')
    }),
  })
  const at = await fetch(`${url}/at-once`)
  assert.deepEqual([at.status, (await problemIn(at)).code], [403, 'TAPRI_DENIED'])
  assert.deepEqual(at.headers.getSetCookie(), ['a=1; Path=/; HttpOnly; SameSite=Lax', 'b=2; Path=/; HttpOnly; SameSite=Lax'])
  assert.deepEqual([at.headers.get('cache-control'), at.headers.get('tapri-session')], ['no-store', 'changed'])
  const later = await fetch(`${url}/later`)
  assert.equal(later.status, 500)
  assert.match(later.headers.getSetCookie()[0] ?? '', /^a=; Max-Age=0; Path=\//)
  assert.deepEqual(
    entries.map(({ facts }) => facts?.route),
    ['things.later'],
  )
})

test('what fails before anything is waited for is logged with its route', async (t) => {
  const { url, entries } = await openForTest(t, {
    fail: visitor.get('/fail', () => {
      throw new Error('broken')
    }),
  })
  assert.equal((await fetch(`${url}/fail`)).status, 500)
  assert.deepEqual(
    entries.map(({ facts }) => facts?.route),
    ['things.fail'],
  )
})
