import assert from 'node:assert/strict'
import { test } from 'node:test'
import { belongsTo, decimal, guarded, model, text } from '../data/index.ts'
import { openStall, settle } from './stall.fixture.ts'

const models = {
  teams: model({ name: text(), lead: belongsTo('users') }),
  offers: model({ title: text(), team: belongsTo('teams'), price: guarded(decimal({ scale: 2 })) }),
}
const policies = [
  { model: 'teams', rules: { read: () => true } },
  {
    model: 'offers',
    rules: {
      read: () => true,
      fields: { price: { read: ({ user, rows }: any) => user !== null && rows({ team: { lead: user.id } }) } },
    },
  },
]
const handlers = {
  'offers.list': ({ db }: any) => db.offers.find({ orderBy: 'title' }),
  'offers.cheap': ({ db }: any) => db.offers.find({ where: { price: { lt: '5' } }, orderBy: '-price' }),
}

async function openMarket(t: Parameters<typeof openStall>[0]) {
  const stall = await openStall(t, handlers, { models, policies })
  const [ann, bob] = [await stall.member('Ann'), await stall.member('Bob')]
  const team = await stall.db.teams.create({ name: 'Red', lead: ann.user.id })
  const offer = await stall.db.offers.create({ title: 'Tea', team: team.id, price: '4.50' })
  const follow = (token: string, route: 'list' | 'cheap') => {
    const api = stall.open({ token })
    const seen: unknown[] = []
    api.offers[route].live({}, (rows: any) => seen.push(rows.map(({ title, price }: any) => [title, price])))
    return { api, seen }
  }
  return { stall, ann, bob, team, offer, follow }
}

test('a hidden field is in no snapshot and no patch, and comes with the change of the row that opens it', async (t) => {
  const { stall, ann, bob, team, offer, follow } = await openMarket(t)
  const [lead, other] = [follow(ann.token, 'list'), follow(bob.token, 'list')]
  await settle(stall, lead.api, other.api)
  await stall.db.offers.update(offer.id, { price: '3.00' })
  await settle(stall, lead.api, other.api)
  await stall.db.teams.update(team.id, { lead: bob.user.id })
  await settle(stall, lead.api, other.api)
  assert.deepEqual(lead.seen, [[['Tea', '4.50']], [['Tea', '3.00']], [['Tea', null]]])
  assert.deepEqual(other.seen, [[['Tea', null]], [['Tea', '3.00']]])
})

test('a live filter on a hidden field tells nothing, until the field opens', async (t) => {
  const { stall, bob, team, offer, follow } = await openMarket(t)
  const { api, seen } = follow(bob.token, 'cheap')
  await settle(stall, api)
  await stall.db.offers.update(offer.id, { price: '9.00' })
  await stall.db.offers.update(offer.id, { price: '2.00' })
  await settle(stall, api)
  assert.deepEqual(seen, [[]])
  await stall.db.teams.update(team.id, { lead: bob.user.id })
  await settle(stall, api)
  assert.deepEqual(seen, [[], [['Tea', '2.00']]])
})

test('a live answer is made anew after a raw write that touches what it read', async (t) => {
  const { stall, ann, follow } = await openMarket(t)
  const { api, seen } = follow(ann.token, 'list')
  await settle(stall, api)
  await stall.db.raw.write({ touches: ['offers'] }, ({ kysely }: any) =>
    kysely.updateTable('offers').set({ title: 'Green tea', price: 650 }).execute(),
  )
  await settle(stall, api)
  assert.deepEqual(seen.at(-1), [['Green tea', '6.50']])
})
