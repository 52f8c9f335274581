import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TapriError } from '../kit/errors.ts'
import { isNode } from '../kit/runtime.ts'
import { openRaw } from './socket.fixture.ts'
import { arrivals, openStall, routes, settle, turns } from './stall.fixture.ts'

const codes = (frames: any[]) => frames.map((frame) => frame.problem?.code ?? frame.type)

test('a token that is wrong is refused for good', async (t) => {
  const stall = await openStall(t)
  const raw = await openRaw(stall.port, { hello: { type: 'hello', token: 'stolen' } })
  const error = await raw.next()
  assert.deepEqual([error.id, error.problem.code, error.problem.status], [undefined, 'TAPRI_AUTH_SESSION', 401])
  assert.equal(await raw.closed, 4501)
})

test('while the database does not answer, who calls is told to come back, not refused', async (t) => {
  const stall = await openStall(t)
  const { token } = await stall.member('Ann')
  await stall.database.close()
  const raw = await openRaw(stall.port, { hello: { type: 'hello', token } })
  const { problem } = await raw.next()
  assert.deepEqual([problem.status, await raw.closed], [503, 1012])
})

test('when the session ends so do its subscriptions, before anything more is sent', async (t) => {
  const stall = await openStall(t)
  const ann = await stall.member('Ann')
  const second = await stall.db.sessions.create({ token: 'second', user: ann.user.id })
  const [one, other] = [stall.open({ token: ann.token }), stall.open({ token: second.token })]
  const errors = arrivals<string>()
  const seen: string[][] = [[], []]
  for (const [index, api] of [one, other].entries()) {
    api.videos.list.live({}, (rows: any) => seen[index]?.push(rows.map((row: any) => row.title).join()), {
      onError: (error: any) => errors.add(`${index} ${error.code}`),
    })
  }
  await settle(stall, one, other)
  assert.equal(stall.runs.length, 1)
  await stall.db.transaction(async (db: any) => {
    await db.sessions.delete(ann.session.id)
    await db.videos.create({ title: 'Draft', author: ann.user.id })
  })
  await stall.db.videos.create({ title: 'Later', author: ann.user.id })
  await settle(stall, one, other)
  assert.deepEqual([errors.seen, seen[0], seen[1]?.at(-1)], [['0 TAPRI_AUTH_SESSION'], [''], 'Draft,Later'])
})

test('after a cookie session has ended the socket serves a visitor; a token serves nobody', async (t) => {
  const stall = await openStall(t, { 'users.me': routes['users.me'] })
  const ann = await stall.member('Ann')
  const me = (id: number) => ({ type: 'subscribe', id, route: 'users.me' })
  const browser = await openRaw(stall.port, { headers: { cookie: `session=${encodeURIComponent(ann.token)}` } })
  const program = await openRaw(stall.port, { hello: { type: 'hello', token: ann.token } })
  for (const raw of [browser, program]) {
    raw.send(me(1))
    assert.equal((await raw.settle())[0].value.name, 'Ann')
  }
  await stall.db.sessions.delete(ann.session.id)
  for (const raw of [browser, program]) assert.deepEqual(codes([await raw.next()]), ['TAPRI_AUTH_SESSION'])
  browser.send(me(2))
  program.send(me(2))
  assert.partialDeepStrictEqual(await browser.settle(), [{ type: 'snapshot', id: 2, value: null }])
  assert.deepEqual(codes(await program.settle()), ['TAPRI_AUTH_SESSION'])
})

test('a client that can get another token goes on when the time of its session is over, without a break', async (t) => {
  let isOver = false
  const stall = await openStall(t, routes, {
    models: {},
    policies: [],
    identifying(token) {
      if (isOver && token === 'token of Ann') throw new TapriError('TAPRI_AUTH_SESSION', 'Sign in again', { status: 401 })
    },
  })
  const ann = await stall.member('Ann')
  const second = await stall.db.sessions.create({ token: 'second', user: ann.user.id })
  const given = [ann.token, second.token]
  const asked: string[] = []
  const token = async () => {
    const next = given.shift()
    if (next === undefined) throw new Error('There is no third token')
    asked.push(next)
    return next
  }
  const api = stall.open({ token })
  const seen = arrivals<string>()
  const errors: Error[] = []
  const show = (rows: any) => seen.add(rows.map(({ title }: any) => title).join())
  api.videos.list.live({}, show, { onError: (error: Error) => errors.push(error) })
  await seen.count(1)
  const lines = [...stall.sockets]
  isOver = true
  for (let beat = 0; beat < 4; beat++) {
    stall.clock.advance(25_000)
    await settle(stall, api)
  }
  await stall.db.videos.create({ title: 'Draft', author: ann.user.id })
  await settle(stall, api)
  assert.deepEqual([seen.seen, errors, asked], [['', 'Draft'], [], [ann.token, second.token]])
  assert.deepEqual([...stall.sockets], lines)
})

const skip = isNode ? false : 'the clock of this test runs ahead of a socket that is being closed there'
test('a line waits for its token, and is tried again when there is none to be had', { skip }, async (t) => {
  const stall = await openStall(t)
  const ann = await stall.member('Ann')
  await stall.db.videos.create({ title: 'Draft', author: ann.user.id })
  let tries = 0
  const token = async () => {
    if (++tries < 3) throw new Error('The network is away')
    return ann.token
  }
  const api = stall.open({ token })
  const seen = arrivals<string>()
  api.videos.list.live({}, (rows: any) => seen.add(rows.map(({ title }: any) => title).join()))
  while (tries < 3) {
    stall.clock.advance(1_000)
    await turns(2)
  }
  // by now its clock must stand still: a line that says nothing for ten seconds is given up
  await seen.count(1)
  assert.deepEqual([seen.seen, tries], [['Draft'], 3])
})
