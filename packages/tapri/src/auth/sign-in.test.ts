import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { email, text } from '../schema/index.ts'
import { member, openApp } from './app.fixture.ts'
import { authController } from './index.ts'

test('signing up makes the user, signs in, and answers the whole user', async (t) => {
  const { me, post } = await openApp(t)
  const answer = await post('sign-up', { body: member })
  const { id, ...rest } = answer.body
  assert.deepEqual(rest, { email: 'asha@example.com', name: 'Asha', handle: null })
  assert.match(answer.cookie ?? '', /^tapri_/)
  assert.match(answer.setCookie[0] ?? '', /; HttpOnly/)
  assert.match(answer.setCookie[0] ?? '', /; SameSite=Lax/i)
  assert.match(answer.setCookie[0] ?? '', /; Path=\//)
  assert.match(answer.setCookie[0] ?? '', /; Max-Age=2592000/)
  assert.equal((await me({ cookie: answer.cookie })).body.id, id)
  assert.equal((await me()).body, null)
})

test('signing in opens a fresh session each time and ends the one the browser had', async (t) => {
  const { me, post, sessions } = await openApp(t)
  const first = await post('sign-up', { body: member })
  const second = await post('sign-in', { body: { email: ' ASHA@example.com', password: member.password }, cookie: first.cookie })
  assert.equal(second.status, 200)
  assert.notEqual(second.cookie, first.cookie)
  assert.equal((await me({ cookie: second.cookie })).body.name, 'Asha')
  assert.equal((await me({ cookie: first.cookie })).body, null)
  assert.equal((await sessions()).length, 1)
})

test('a wrong password and an unknown account get the very same answer', async (t) => {
  const { post } = await openApp(t)
  await post('sign-up', { body: member })
  const wrong = await post('sign-in', { body: { email: member.email, password: 'wrong password' } })
  const unknown = await post('sign-in', { body: { email: 'nobody@example.com', password: 'wrong password' } })
  assert.equal(wrong.status, 401)
  assert.equal(wrong.body.code, 'TAPRI_AUTH_WRONG')
  assert.deepEqual({ ...unknown.body, instance: '' }, { ...wrong.body, instance: '' })
  assert.deepEqual(Object.keys(unknown.headers), Object.keys(wrong.headers))
  assert.equal(wrong.cookie, undefined)
})

test('a bearer token is for programs: it sets no cookie, and is no cookie', async (t) => {
  const { auth, me, post } = await openApp(t)
  const signedUp = await post('sign-up', { body: member })
  const { body, setCookie } = await post('token', { body: { email: member.email, password: member.password } })
  assert.deepEqual(setCookie, [])
  assert.equal(body.user.name, 'Asha')
  assert.equal((await me({ bearer: body.token })).body.name, 'Asha')
  assert.equal((await auth.identifyToken(body.token))?.user.id, body.user.id)
  assert.equal((await me({ cookie: body.token })).body, null)
  assert.equal((await me({ bearer: signedUp.cookie ?? '' })).status, 401)
  assert.equal(await auth.identifyToken(signedUp.cookie ?? ''), null)
})

test('of ten who sign up with one address at once exactly one gets it', async (t) => {
  const { database, post } = await openApp(t)
  const answers = await Promise.all(Array.from({ length: 10 }, () => post('sign-up', { body: member })))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [
    answers.find(({ status }) => status < 300)?.status,
    ...Array.from({ length: 9 }, () => 409),
  ])
  const refused = answers.find(({ status }) => status === 409)
  assert.equal(refused?.body.code, 'TAPRI_AUTH_EMAIL_TAKEN')
  assert.equal(refused?.cookie, undefined)
  for (const table of ['users', 'tapri_passwords', 'tapri_sessions']) assert.equal(await database.asSystem[table]?.count(), 1)
})

test('a sign-up that fails leaves neither user nor password nor session', async (t) => {
  const { database, post } = await openApp(t)
  await post('sign-up', { body: { ...member, handle: 'asha' } })
  const double = await post('sign-up', { body: { ...member, email: 'ravi@example.com', handle: 'asha' } })
  assert.equal(double.status, 409)
  assert.equal(double.body.code, 'TAPRI_DATA_NOT_UNIQUE')
  assert.equal(double.cookie, undefined)
  for (const table of ['users', 'tapri_passwords', 'tapri_sessions']) assert.equal(await database.asSystem[table]?.count(), 1)
})

test('bad input is refused, each with its place', async (t) => {
  const { database, post } = await openApp(t)
  const cases: [string, unknown, string][] = [
    ['sign-up', { ...member, password: 'seven77' }, 'password'],
    ['sign-up', { ...member, password: 'x'.repeat(257) }, 'password'],
    ['sign-up', { ...member, password: 12345678 }, 'password'],
    ['sign-up', { ...member, password: undefined }, 'password'],
    ['sign-up', { ...member, email: 'nobody' }, 'email'],
    ['sign-up', { ...member, email: { not: '' } }, 'email'],
    ['sign-up', { ...member, admin: true }, 'admin'],
    ['sign-up', { ...member, id: '019a9f3e-8c1b-7a53-9d0e-3f1c7b2a4e55' }, 'id'],
    ['sign-in', { email: member.email }, 'password'],
    ['sign-in', { email: [member.email], password: 'x' }, 'email'],
    ['token', { email: member.email, password: null }, 'password'],
    ['token', { ...member }, 'name'],
  ]
  for (const [path, body, place] of cases) {
    const answer = await post(path, { body })
    assert.equal(answer.status, 422, JSON.stringify(body))
    assert.deepEqual(answer.body.issues[0].path, [place])
  }
  assert.equal(await database.asSystem.users?.count(), 0)
})

test('ten wrong passwords close the account to guesses from every address, until time has passed', async (t) => {
  const { clock, entries, post } = await openApp(t)
  await post('sign-up', { body: member })
  const guess = (index: number, password = 'wrong password') =>
    post(index % 2 === 0 ? 'sign-in' : 'token', {
      body: { email: member.email, password },
      from: `127.0.0.${index + 2}`,
      headers: { 'x-forwarded-for': `203.0.113.${index}` },
    })
  const first = await Promise.all(Array.from({ length: 12 }, (_, index) => guess(index)))
  assert.equal(first.filter(({ status }) => status === 401).length, 10)
  assert.equal(first.filter(({ status }) => status === 429).length, 2)
  const refused = await guess(20, member.password)
  assert.equal(refused.body.code, 'TAPRI_AUTH_TOO_MANY')
  assert.equal(refused.headers['retry-after'], '90')
  assert.ok(entries.some(({ event }) => event === 'auth.limited'))
  const unknown = await post('sign-in', { body: { email: 'ravi@example.com', password: 'wrong password' } })
  assert.equal(unknown.status, 401, 'other accounts are open')
  clock.advance(90_000)
  assert.equal((await guess(21, member.password)).status, 200)
})

test('neither the database file nor the log holds a password or a token', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-auth-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const { auth, close, entries, me, post } = await openApp(t, { file: join(folder, 'app.db') })
  const { body, cookie = '' } = await post('sign-up', { body: member })
  const again = await post('sign-in', { body: { email: member.email, password: member.password } })
  const { token } = (await post('token', { body: { email: member.email, password: member.password } })).body
  const issued = [cookie, again.cookie ?? '', token, await auth.issueToken(body.id)]
  await post('sign-in', { body: { email: member.email, password: 'a wrong password' } })
  await me({ bearer: token.slice(0, -1) })
  await me({ cookie })
  const read = () => Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name)))).toString('latin1')
  const dumps = [read(), JSON.stringify(entries)]
  await close()
  dumps.push(read())
  assert.ok(dumps.at(-1)?.includes('$argon2id$'))
  for (const secret of [member.password, 'a wrong password', ...issued, ...issued.map((text) => text.slice(6, 49))]) {
    assert.ok(secret.length > 10)
    for (const dump of dumps) assert.equal(dump.includes(secret), false)
  }
})

test('fields that cannot sign anybody up are refused where they are declared', () => {
  const declare = (signUp: Parameters<typeof authController>[0]['signUp']) => () => authController({ signUp })
  const code = { code: 'TAPRI_AUTH_FIELDS' }
  assert.throws(declare({}), code)
  assert.throws(declare({ email: text() }), code)
  assert.throws(declare({ email: email() }), code)
  assert.throws(declare({ email: email({ unique: true }), password: text() }), code)
  assert.throws(declare({ email: email({ unique: true }), id: text() }), code)
  authController({ signUp: { email: email({ unique: true }) } })
})
