import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startApp, tapri } from 'tapri'
import { silentLog } from 'tapri/observe'
import { testApp } from 'tapri/test'
import app from './club/app.ts'

const json = { 'content-type': 'application/json' }

async function problem(answer: Response): Promise<{ status: number; code: string }> {
  assert.equal(answer.headers.get('content-type'), 'application/problem+json')
  const { status, code } = await answer.json()
  assert.equal(status, answer.status)
  return { status, code }
}

test('a person signs up, is known by the cookie, and is a visitor again after signing out', async () => {
  await using club = await testApp(app)
  const body = JSON.stringify({ name: 'Ann', email: 'ann@club.test', password: 'kites and wind' })
  const signedUp = await fetch(`${club.url}/auth/sign-up`, { method: 'POST', headers: json, body })
  assert.equal(signedUp.status, 200)
  const cookie = signedUp.headers.get('set-cookie')?.split(';')[0] ?? ''
  assert.equal((await signedUp.json()).email, 'ann@club.test')

  const mine = await fetch(`${club.url}/door/mine`, { headers: { cookie } })
  assert.deepEqual(await mine.json(), { name: 'Ann', email: 'ann@club.test' })
  await fetch(`${club.url}/auth/sign-out`, { method: 'POST', headers: { cookie } })
  assert.deepEqual(await problem(await fetch(`${club.url}/door/mine`, { headers: { cookie } })), {
    status: 401,
    code: 'TAPRI_APP_SIGN_IN',
  })
})

test('a cookie that opens nothing any more is cleared, also where its bearer is turned away', async () => {
  await using club = await testApp(app)
  for (const path of ['/videos', '/door/mine']) {
    const answer = await fetch(club.url + path, { headers: { cookie: 'session=tapri_old' } })
    assert.match(answer.headers.getSetCookie()[0] ?? '', /^session=; Max-Age=0; Path=\/; HttpOnly; SameSite=Lax$/, path)
  }
})

test('a wrong bearer token is refused, also where visitors are welcome', async () => {
  await using club = await testApp(app)
  const answer = await fetch(`${club.url}/videos`, { headers: { authorization: 'Bearer tapri_nonsense' } })
  assert.deepEqual(await problem(answer), { status: 401, code: 'TAPRI_AUTH_SESSION' })
})

test('private fields reach their owner and nobody else', async () => {
  await using club = await testApp(app)
  const ann = await club.signUp('ann@club.test')
  const video = await ann.videos.create({ title: 'Kites', source: club.file('kites.mp4') })
  await ann.videos.publish({ id: video.id })
  assert.equal((await ann.auth.me())?.email, 'ann@club.test')
  assert.ok(!JSON.stringify(await club.guest.videos.list()).includes('ann@club.test'))
})

test('a middleware adds to the context, and reads the app settings', async () => {
  await using club = await testApp(app, { settings: { GREETING: 'come in' } })
  assert.deepEqual(await club.guest.door.greet(), { shout: 'COME IN' })
})

test('a GET that writes is refused, and a fault of the server tells nothing of itself', async () => {
  await using club = await testApp(app, { log: silentLog })
  assert.deepEqual(await problem(await fetch(`${club.url}/door/write`)), { status: 500, code: 'TAPRI_INTERNAL' })
  assert.equal(await club.db.users.count(), 0)
  const failed = await fetch(`${club.url}/door/fail`)
  const text = await failed.text()
  assert.equal(failed.status, 500)
  assert.ok(text.includes('TAPRI_INTERNAL') && !text.includes('secret') && !text.includes('/etc'), text)
})

test('bad input is a problem document with every path, and nothing is stored', async () => {
  await using club = await testApp(app)
  const headers = { ...json, authorization: '' }
  await club.signUp('ann@club.test')
  headers.authorization = `Bearer ${await club.token('ann@club.test')}`
  const id = '01a1fc22-92fa-7291-b729-5740de14c21d'
  const post = (body: string) => fetch(`${club.url}/videos/${id}/comments`, { method: 'POST', headers, body })
  assert.deepEqual(await problem(await post('{"text":')), { status: 400, code: 'TAPRI_KIT_JSON' })
  assert.deepEqual(await problem(await post('{"text":"x","__proto__":{"admin":true}}')), { status: 400, code: 'TAPRI_KIT_JSON' })
  assert.deepEqual(await problem(await post('{"text":7,"author":"me"}')), { status: 422, code: 'TAPRI_INVALID' })
  assert.deepEqual(await problem(await post('{"text":"no such video"}')), { status: 422, code: 'TAPRI_DATA_NO_SUCH_ROW' })
  assert.deepEqual(await problem(await fetch(`${club.url}/videos/nonsense/comments`)), { status: 422, code: 'TAPRI_INVALID' })
  assert.equal(await club.db.comments.count(), 0)
})

test('the API describes itself', async () => {
  await using club = await testApp(app)
  const document = await (await fetch(new URL('/openapi.json', club.url))).json()
  assert.equal(document.openapi, '3.1.0')
  assert.equal(document.paths['/api/videos/{id}/comments'].post.operationId, 'videos.comment')
  assert.ok(document.components.schemas.videos)
  const manifest = await (await fetch(`${club.url}/tapri.json`)).json()
  assert.deepEqual(manifest['videos.create'], { method: 'POST', path: '/api/videos', query: [], body: 'form' })
})

test('a live answer follows what its caller may read', async () => {
  await using club = await testApp(app)
  const ann = await club.signUp('ann@club.test')
  const titles: string[][] = []
  const stop = club.guest.videos.list.live({}, (rows) => titles.push(rows.map((row) => row.title)))
  const { id } = await ann.videos.create({ title: 'Kites', source: club.file('kites.mp4') })
  await ann.videos.publish({ id })
  await ann.videos.remove({ id })
  stop()
  assert.deepEqual(titles, [[], ['Kites'], []])
})

test('a live answer ends when its caller may not have it, and says why', async () => {
  await using club = await testApp(app, { log: silentLog })
  const ends: string[] = []
  const onError = (error: Error) => ends.push('code' in error ? String(error.code) : error.message)
  club.guest.door.mine.live({}, () => {}, { onError })
  club.guest.door.note.live({}, () => {}, { onError })
  club.guest.door.write.live({}, () => {}, { onError })
  await club.settled()
  assert.deepEqual(ends.sort(), ['TAPRI_APP_NOT_LIVE', 'TAPRI_APP_SIGN_IN', 'TAPRI_INTERNAL'])
})

test('an app is refused while nobody has said who may read a model', async () => {
  const { parts } = app.description
  const silent = { ...app.description, parts: { ...parts, policies: parts.policies.filter(({ model }) => model !== 'comments') } }
  await assert.rejects(startApp(silent), { code: 'TAPRI_APP_NO_POLICY', message: /"comments"/ })

  const misspelt = parts.policies.map((policy) => (policy.model === 'comments' ? { ...policy, model: 'comment' } : policy))
  await assert.rejects(startApp({ ...app.description, parts: { ...parts, policies: misspelt } }), {
    code: 'TAPRI_APP_NO_POLICY',
    message: /"comments" \(there is a policy for "comment", which is no model\)/,
  })
})

test('an app without people serves visitors and knows no members', async () => {
  const { visitor, member, controller, app: make } = tapri({ models: {} })
  const door = controller('/door', { open: visitor.get('/', () => 'open'), closed: member.get('/closed', () => 'closed') })
  await using club = await testApp(make({ controllers: { door }, policies: [] }))
  assert.equal(await club.guest.door.open(), 'open')
  await assert.rejects(club.guest.door.closed(), { code: 'TAPRI_APP_SIGN_IN' })
  const answer = await fetch(`${club.url}/door`, { headers: { authorization: 'Bearer tapri_x', cookie: 'session=tapri_x' } })
  assert.equal(await answer.text(), 'open')
})

test('what is wrong with the settings is told at once, and nothing is left open', async () => {
  const environment = { PORT: 'eighty', DATABASE_URL: 'sqlite::memory:', LOG_LEVEL: 'loud' }
  await assert.rejects(startApp(app.description, { environment, file: null }), (error: Error & { code: string }) => {
    assert.equal(error.code, 'TAPRI_CONFIG_INVALID')
    assert.match(error.message, /PORT/)
    assert.match(error.message, /LOG_LEVEL/)
    return true
  })
})

test('a port in use is one clear sentence', async () => {
  await using club = await testApp(app)
  const port = Number(new URL(club.url).port)
  const environment = { DATABASE_URL: 'sqlite::memory:', FILES_URL: 'disk:/tmp/tapri-port-test', LOG_FORMAT: 'silent' }
  await assert.rejects(startApp(app.description, { port, environment, file: null }), {
    code: 'TAPRI_HTTP_PORT_IN_USE',
    message: new RegExp(`${port}`),
  })
})
