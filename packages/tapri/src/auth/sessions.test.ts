import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReadSet } from '../data/index.ts'
import { member, openApp } from './app.fixture.ts'
import { newToken } from './token.ts'

const day = 24 * 3_600_000

test('signing out ends the session for whoever has its token; a visitor has nothing to end', async (t) => {
  const { me, post, sessions } = await openApp(t)
  const { cookie } = await post('sign-up', { body: member })
  const out = await post('sign-out', { cookie })
  assert.equal(out.status, 204)
  assert.equal(out.cookie, '')
  assert.match(out.setCookie[0] ?? '', /Max-Age=0/)
  assert.equal((await me({ cookie })).body, null)
  assert.deepEqual(await sessions(), [])
  assert.equal((await post('sign-out')).status, 204)
})

test('a stale, stolen or made-up cookie makes a visitor and is cleared', async (t) => {
  const { me } = await openApp(t)
  for (const cookie of ['x', 'tapri_', newToken(), `${newToken()}x`, '%00', 'a'.repeat(3000)]) {
    const answer = await me({ cookie })
    assert.equal(answer.status, 200)
    assert.equal(answer.body, null)
    assert.equal(answer.cookie, '', cookie)
  }
  assert.equal((await me({ cookie: '' })).cookie, undefined)
})

test('a stale, stolen or made-up bearer token is refused', async (t) => {
  const { auth, me } = await openApp(t)
  for (const bearer of ['', 'x', newToken(), `${newToken()} `, 'a'.repeat(3000)]) {
    const answer = await me({ bearer })
    assert.equal(answer.status, 401)
    assert.equal(answer.body.code, 'TAPRI_AUTH_SESSION')
  }
  assert.equal((await me({ headers: { authorization: 'Basic YTpi' } })).status, 200)
  assert.equal(await auth.identifyToken('garbage'), null)
})

test('a session lives 30 days after it was last used', async (t) => {
  const { auth, clock, me, post } = await openApp(t)
  const { cookie } = await post('sign-up', { body: member })
  const { token } = (await post('token', { body: { email: member.email, password: member.password } })).body
  assert.equal((await me({ cookie })).cookie, undefined)
  for (let round = 0; round < 3; round++) {
    clock.advance(29 * day)
    const answer = await me({ cookie })
    assert.equal(answer.body.name, 'Asha')
    assert.equal(answer.cookie, cookie, 'the browser keeps it as long')
    assert.equal((await me({ bearer: token })).status, 200)
    await auth.settled()
  }
  clock.advance(30 * day)
  const late = await me({ cookie })
  assert.equal(late.body, null)
  assert.equal(late.cookie, '')
  assert.equal((await me({ bearer: token })).body.code, 'TAPRI_AUTH_SESSION')
})

test('a session is written at most once an hour, however often it is used', async (t) => {
  const { auth, clock, database, me, post } = await openApp(t)
  const { cookie } = await post('sign-up', { body: member })
  const position = () => database.changes.position()
  const start = position()
  for (let index = 0; index < 5; index++) await me({ cookie })
  clock.advance(3_599_999)
  await me({ cookie })
  await auth.settled()
  assert.equal(position(), start)
  clock.advance(1)
  await Promise.all([me({ cookie }), me({ cookie }), me({ cookie })])
  await auth.settled()
  assert.ok(position() > start)
  const prolonged = position()
  await me({ cookie })
  await auth.settled()
  assert.equal(position(), prolonged)
})

test('ending all sessions ends those of the user everywhere, and nobody else’s', async (t) => {
  const { auth, database, me, post } = await openApp(t)
  const { body, cookie } = await post('sign-up', { body: member })
  const other = await post('sign-up', { body: { ...member, email: 'ravi@example.com' } })
  const token = await auth.issueToken(body.id)
  const actions = auth.actions({ request: Object.create({ headers: {} }), reply: Object.create({}), ip: '' })
  assert.equal(await actions.endAllSessions(body.id), 2)
  assert.equal((await me({ cookie })).body, null)
  assert.equal((await me({ bearer: token })).status, 401)
  assert.equal((await me({ cookie: other.cookie })).body.email, 'ravi@example.com')
  await database.asSystem.users?.delete(other.body.id)
  assert.equal((await me({ cookie: other.cookie })).body, null)
  assert.deepEqual(await database.asSystem.tapri_passwords?.count(), 1)
})

test('a live query that asked who calls is touched when the session ends or the user changes', async (t) => {
  const { auth, database, me, post } = await openApp(t)
  const { body } = await post('sign-up', { body: member })
  const other = await post('sign-up', { body: { ...member, email: 'ravi@example.com' } })
  const token = await auth.issueToken(body.id)
  const touched: boolean[] = []
  const reads = new ReadSet()
  assert.equal((await auth.identifyToken(token, reads))?.user.id, body.id)
  database.changes.subscribe((commit) => touched.push(commit.changes.some((change) => reads.touchedBy(change))))
  await database.asSystem.users?.update(other.body.id, { name: 'Ravi' })
  await post('sign-out', { cookie: other.cookie })
  assert.equal(touched.includes(true), false)
  await database.asSystem.users?.update(body.id, { name: 'Asha K' })
  assert.equal(touched.at(-1), true)
  await post('sign-out', { bearer: token })
  assert.equal(touched.at(-1), true)
  assert.equal((await me({ bearer: token })).status, 401)
})

test('a sweep deletes what has expired and nothing else', async (t) => {
  const { auth, clock, post, sessions } = await openApp(t)
  const { body } = await post('sign-up', { body: member })
  for (let index = 0; index < 3; index++) await auth.issueToken(body.id)
  clock.advance(20 * day)
  const kept = await auth.issueToken(body.id)
  clock.advance(10 * day)
  await auth.sweep()
  assert.equal((await sessions()).length, 1)
  assert.notEqual(await auth.identifyToken(kept), null)
})

test('a user has at most a hundred sessions; the longest unused make way', async (t) => {
  const { auth, clock, post, sessions } = await openApp(t)
  const { body, cookie } = await post('sign-up', { body: member })
  clock.advance(1)
  for (let index = 0; index < 100; index++) await auth.issueToken(body.id)
  assert.equal((await sessions()).length, 100)
  assert.equal((await post('sign-out', { cookie })).cookie, '')
})

test('in production the cookie is __Host- and Secure, and a planted plain one is not read', async (t) => {
  const { me, post } = await openApp(t, { production: true })
  const headers = { host: 'tube.example' }
  const answer = await post('sign-up', { body: member, headers })
  assert.match(answer.setCookie[0] ?? '', /^__Host-session=tapri_/)
  assert.match(answer.setCookie[0] ?? '', /; Secure/)
  assert.doesNotMatch(answer.setCookie[0] ?? '', /Domain/i)
  assert.equal((await me({ cookie: answer.cookie, headers })).body, null)
  const host = await me({ headers: { ...headers, cookie: `__Host-session=${answer.cookie}` } })
  assert.equal(host.body.name, 'Asha')
  const local = await post('sign-in', {
    body: { email: member.email, password: member.password },
    headers: { host: 'localhost' },
  })
  assert.match(local.setCookie[0] ?? '', /^session=tapri_/)
  assert.doesNotMatch(local.setCookie[0] ?? '', /Secure/)
})

test('a request without a credential is known to be a visitor’s at once', async (t) => {
  const { auth } = await openApp(t)
  const request = Object.create({ headers: { cookie: 'theme=dark' }, socket: {} })
  assert.equal(auth.identify(request), null)
})
