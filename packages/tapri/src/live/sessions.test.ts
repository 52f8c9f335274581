import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openRaw } from './socket.fixture.ts'
import { arrivals, openStall, routes, settle } from './stall.fixture.ts'

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
