import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openForTest, visitor } from './open.fixture.ts'

async function openFolder(t: TestContext) {
  const base = await mkdtemp(join(tmpdir(), 'tapri-'))
  t.after(() => rm(base, { recursive: true }))
  const from = join(base, 'public')
  await mkdir(join(from, 'assets'), { recursive: true })
  await mkdir(join(from, 'guide'))
  await mkdir(join(from, '.well-known'))
  await mkdir(join(base, 'public-not'))
  await Promise.all([
    writeFile(join(from, 'index.html'), '<h1>Tube</h1>'),
    writeFile(join(from, 'guide', 'index.html'), '<h1>Guide</h1>'),
    writeFile(join(from, 'assets', 'index-BfR9x1A2.js'), 'export {}'),
    writeFile(join(from, 'assets', 'site-settings.js'), 'export {}'),
    writeFile(join(from, 'two words.txt'), 'two'),
    writeFile(join(from, '.env'), 'SECRET=secret'),
    writeFile(join(from, '.well-known', 'security.txt'), 'Contact: us'),
    writeFile(join(base, 'secret.txt'), 'secret'),
    writeFile(join(base, 'public-not', 'a.txt'), 'secret'),
  ])
  await symlink(join(base, 'secret.txt'), join(from, 'link.txt'))
  await symlink(base, join(from, 'up'))
  await symlink(join(from, 'two words.txt'), join(from, 'inside.txt'))
  const routes = {
    hello: visitor.get('/api/hello', () => 'hello'),
    make: visitor.post('/make', () => 'made'),
  }
  return openForTest(t, routes, { folders: { '/': { from, fallback: 'index.html' }, '/static': { from } } })
}
const page = { headers: { accept: 'text/html,*/*' } }

test('files are served with their type, validators and caching', async (t) => {
  const { url } = await openFolder(t)
  const home = await fetch(`${url}/`)
  assert.deepEqual([home.status, await home.text()], [200, '<h1>Tube</h1>'])
  assert.equal(home.headers.get('content-type'), 'text/html; charset=utf-8')
  assert.equal(home.headers.get('cache-control'), 'no-cache')
  assert.match(home.headers.get('content-security-policy') ?? '', /default-src 'self'/)
  const etag = home.headers.get('etag') ?? ''
  assert.equal((await fetch(`${url}/`, { headers: { 'if-none-match': etag }, cache: 'no-store' })).status, 304)
  const hashed = await fetch(`${url}/assets/index-BfR9x1A2.js`)
  assert.equal(hashed.headers.get('cache-control'), 'public, max-age=31536000, immutable')
  assert.equal(hashed.headers.get('content-type'), 'text/javascript; charset=utf-8')
  assert.equal((await fetch(`${url}/assets/site-settings.js`)).headers.get('cache-control'), 'no-cache')
  assert.equal(await (await fetch(`${url}/two%20words.txt`)).text(), 'two')
  assert.equal(await (await fetch(`${url}/guide/`)).text(), '<h1>Guide</h1>')
  assert.equal(await (await fetch(`${url}/static/guide/`)).text(), '<h1>Guide</h1>')
  assert.equal(await (await fetch(`${url}/inside.txt`)).text(), 'two')
  assert.equal(await (await fetch(`${url}/.well-known/security.txt`)).text(), 'Contact: us')
  const head = await fetch(`${url}/`, { method: 'HEAD' })
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, '13'])
  const part = await fetch(`${url}/`, { headers: { range: 'bytes=1-2' } })
  assert.deepEqual([part.status, await part.text()], [206, 'h1'])
})

test('a file that is asked for again is the same, whole and in part, until it changes', async (t) => {
  const base = await mkdtemp(join(tmpdir(), 'tapri-'))
  t.after(() => rm(base, { recursive: true }))
  await writeFile(join(base, 'kites.txt'), 'over the river')
  const { raw } = await openForTest(t, {}, { folders: { '/': { from: base } } })
  const ask = async (more = '') => {
    const answer = await raw(`GET /kites.txt HTTP/1.1\r\nHost: a\r\n${more}Connection: close\r\n\r\n`)
    return answer.slice(answer.indexOf('\r\n\r\n') + 4)
  }
  for (const round of [1, 2, 3]) {
    assert.equal(await ask(), 'over the river', String(round))
    assert.equal(await ask('Range: bytes=5-7\r\n'), 'the', String(round))
  }
  await writeFile(join(base, 'kites.txt'), 'under the bridge')
  assert.equal(await ask(), 'under the bridge')
  await rm(join(base, 'kites.txt'))
  assert.match(await ask(), /TAPRI_HTTP_NO_ROUTE/)
})

test('a page that no file matches gets the fallback, anything else does not', async (t) => {
  const { url } = await openFolder(t)
  const deep = await fetch(`${url}/watch/7`, page)
  assert.deepEqual([deep.status, await deep.text()], [200, '<h1>Tube</h1>'])
  assert.equal((await fetch(`${url}/guide`, page)).status, 200)
  assert.equal((await fetch(`${url}/watch/7`)).status, 404)
  assert.equal((await fetch(`${url}/assets/gone-12345678.js`, page)).status, 404)
  assert.equal((await fetch(`${url}/api/gone`, page)).status, 404)
  assert.equal((await fetch(`${url}/api`, page)).status, 404)
  assert.equal((await fetch(`${url}/apiary`, page)).status, 200)
  assert.equal((await fetch(`${url}/watch/7`, { ...page, method: 'POST' })).status, 404)
  assert.equal(await (await fetch(`${url}/api/hello`, page)).text(), 'hello')
})

test('nothing hidden and nothing outside the folder is served', async (t) => {
  const { raw } = await openFolder(t)
  const paths = [
    '/.env',
    '/static/.env',
    '/%2eenv',
    '/link.txt',
    '/up/secret.txt',
    '/up/public-not/a.txt',
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/..%5csecret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '//secret.txt',
    '/static/../../secret.txt',
    '/static../secret.txt',
    '/assets',
    '/assets/',
    '/index.html/',
    '/index.html/x',
    '/two%00.txt',
  ]
  for (const path of paths) {
    const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    assert.match(answer, /^HTTP\/1.1 40[04] /, path)
    assert.doesNotMatch(answer, /secret$|SECRET/, path)
  }
})

test('a folder or fallback that is not there is refused at start', async (t) => {
  const isRefused = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'TAPRI_HTTP_FOLDER'
  await assert.rejects(openForTest(t, {}, { folders: { '/': { from: '/no/such/folder' } } }), isRefused)
  await assert.rejects(openForTest(t, {}, { folders: { '/': { from: tmpdir(), fallback: 'no-such.html' } } }), isRefused)
  await assert.rejects(openForTest(t, {}, { folders: { '/:id': { from: tmpdir() } } }), isRefused)
})
