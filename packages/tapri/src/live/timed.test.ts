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

for (const first of ['Long', 'Short']) {
  test(`a rule by the time and by who asks is asked for each, also when ${first} came first`, async (t) => {
    const paid = {
      models: { passes: model({ owner: text(), until: time() }), articles: model({ title: text() }) },
      policies: [
        { model: 'passes', rules: { read: () => true } },
        {
          model: 'articles',
          rules: { read: ({ user, now }: any) => user !== null && (user.name === 'Vip' || (until.get(user.name) ?? 0) > now) },
        },
      ],
    }
    const until = new Map<string, Date>()
    const stall = await openStall(t, { 'articles.list': ({ db }: any) => db.articles.find({ orderBy: 'title' }) }, paid)
    const at = (minutes: number) => new Date(stall.clock.now() + minutes * 60_000)
    until.set('Long', at(1_000)).set('Short', at(1.5))
    await stall.db.articles.create({ title: 'One' })
    const seen: Record<string, number[]> = { Long: [], Short: [], Vip: [] }
    const apis: object[] = []
    for (const name of ['Vip', first, first === 'Long' ? 'Short' : 'Long']) {
      const { token } = await stall.member(name)
      const api = stall.open({ token })
      apis.push(api)
      api.articles.list.live({}, (rows: any) => seen[name]?.push(rows.length))
      await settle(stall, api)
    }
    for (let minute = 0; minute < 3; minute++) {
      stall.clock.advance(60_000)
      await settle(stall, ...apis)
    }
    await stall.db.articles.create({ title: 'Two' })
    await settle(stall, ...apis)
    assert.deepEqual(seen, { Long: [1, 2], Short: [1, 0], Vip: [1, 2] })
  })
}
