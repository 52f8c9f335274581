import assert from 'node:assert/strict'
import { test } from 'node:test'
import { model, text, time } from '../data/index.ts'
import { openStall, settle } from './stall.fixture.ts'

const models = { offers: model({ title: text(), from: time(), until: time() }) }
const policies = [{ model: 'offers', rules: { read: ({ rows, now }: any) => rows({ from: { lte: now }, until: { gt: now } }) } }]
const handlers = { 'offers.list': ({ db }: any) => db.offers.find({ orderBy: 'title' }) }

test('what a rule opens and closes by the time comes and goes within a minute, though nothing is written', async (t) => {
  const stall = await openStall(t, handlers, { models, policies })
  const { token } = await stall.member('Ann')
  const at = (seconds: number) => new Date(stall.clock.now() + seconds * 1000)
  await stall.db.offers.create({ title: 'Tea', from: at(-10), until: at(90) })
  await stall.db.offers.create({ title: 'Rusk', from: at(90), until: at(900) })
  const apis = [stall.open(), stall.open(), stall.open({ token })]
  const seen = apis.map((api) => {
    const titles: string[] = []
    api.offers.list.live({}, (rows: any) => titles.push(rows.map(({ title }: any) => title).join()))
    return titles
  })
  await settle(stall, ...apis)
  stall.clock.advance(60_000)
  await settle(stall, ...apis)
  assert.deepEqual(seen, [['Tea'], ['Tea'], ['Tea']])
  stall.clock.advance(60_000)
  await settle(stall, ...apis)
  assert.deepEqual(seen, [
    ['Tea', 'Rusk'],
    ['Tea', 'Rusk'],
    ['Tea', 'Rusk'],
  ])
})

test('an answer that nobody follows any more is not made again', async (t) => {
  const stall = await openStall(t, handlers, { models, policies })
  const api = stall.open()
  const stop = api.offers.list.live({}, () => {})
  await settle(stall, api)
  stop()
  await settle(stall, api)
  const runs = stall.runs.length
  for (let minute = 0; minute < 5; minute++) {
    stall.clock.advance(60_000)
    await settle(stall, api)
  }
  assert.equal(stall.runs.length, runs)
})
