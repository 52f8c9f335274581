import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TapriError } from '../kit/errors.ts'
import { openStall, routes, settle } from './stall.fixture.ts'

const away = () => new TapriError('TAPRI_DATA_UNREACHABLE', 'Cannot reach the database', { status: 503 })
const titles = (rows: any) => rows.map(({ title }: any) => title).join()

test('a subscription outlives an answer that could not be made: what it showed stays, and the next answer comes', async (t) => {
  let isAway = false
  const stall = await openStall(t, {
    ...routes,
    'videos.list': (given) => {
      if (isAway) throw away()
      return routes['videos.list'](given)
    },
  })
  const { user } = await stall.member('Ann', { admin: true })
  const api = stall.open()
  const seen: string[] = []
  const errors: Error[] = []
  api.videos.list.live({}, (rows: any) => seen.push(titles(rows)), { onError: (error: Error) => errors.push(error) })
  await settle(stall, api)
  isAway = true
  await stall.db.videos.create({ title: 'Kites', author: user.id, published: true })
  await settle(stall, api)
  const tries = stall.runs.length
  for (let moment = 0; moment < 10; moment++) {
    stall.clock.advance(2_000)
    await settle(stall, api)
  }
  assert.deepEqual([seen, errors], [[''], []])
  const made = stall.runs.length - tries
  assert.ok(made > 2 && made < 8, `${made} tries in 20 seconds: they are to come less and less often`)
  isAway = false
  stall.clock.advance(10_000)
  await settle(stall, api)
  assert.deepEqual([seen, errors], [['', 'Kites'], []])
})

test('what a route refuses is final', async (t) => {
  const stall = await openStall(t, {
    'videos.refused': () => {
      throw new TapriError('TAPRI_DENIED', 'Not for you', { status: 403 })
    },
  })
  const api = stall.open()
  const codes: string[] = []
  api.videos.refused.live({}, () => {}, { onError: ({ code }: any) => codes.push(code) })
  await settle(stall, api)
  stall.clock.advance(60_000)
  await settle(stall, api)
  assert.deepEqual([codes, stall.runs.length], [['TAPRI_DENIED'], 1])
})

test('when it cannot be told who calls, a socket comes back, and its subscriptions go on', async (t) => {
  let isAway = false
  const stall = await openStall(t, routes, {
    models: {},
    policies: [],
    identifying() {
      if (isAway) throw away()
    },
  })
  const ann = await stall.member('Ann')
  const api = stall.open({ token: ann.token })
  const seen: string[] = []
  const errors: Error[] = []
  api.videos.list.live({}, (rows: any) => seen.push(titles(rows)), { onError: (error: Error) => errors.push(error) })
  await settle(stall, api)
  isAway = true
  await stall.db.transaction(async (db: any) => {
    await db.users.update(ann.user.id, { name: 'Anna' })
    await db.videos.create({ title: 'Draft', author: ann.user.id })
  })
  await stall.live.settled()
  isAway = false
  for (let moment = 0; moment < 10 && seen.length < 2; moment++) {
    stall.clock.advance(2_000)
    await settle(stall, api)
  }
  assert.deepEqual([seen, errors], [['', 'Draft'], []])
})
