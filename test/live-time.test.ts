import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tapri } from 'tapri'
import { model, text, time } from 'tapri/data'
import { testApp } from 'tapri/test'

const offers = model({ title: text(), until: time() })
const { app, controller, visitor, policy } = tapri({ models: { offers } })
const shop = app({
  controllers: {
    offers: controller('/offers', {
      current: visitor.get('/', ({ db, now }) => db.offers.find({ where: { until: { gt: now } }, orderBy: 'title' })),
      all: visitor.get('/all', ({ db }) => db.offers.find({ orderBy: 'title' })),
    }),
  },
  policies: [policy('offers', { read: ({ rows, now }) => rows({ until: { gt: new Date(now.getTime() - 3_600_000) } }) })],
})

test('an answer that a handler or a rule makes of the present time is made again every minute', async () => {
  await using server = await testApp(shop)
  const minutes = (count: number) => new Date(server.clock.now() + count * 60_000)
  await server.db.offers.create({ title: 'Tea', until: minutes(1.5) })
  const seen: Record<'current' | 'all', number[]> = { current: [], all: [] }
  for (const name of ['current', 'all'] as const) server.guest.offers[name].live({}, (rows) => seen[name].push(rows.length))
  await server.settled()
  for (let minute = 0; minute < 70; minute++) {
    server.clock.advance('1m')
    await server.settled()
  }
  assert.deepEqual(seen, { current: [1, 0], all: [1, 0] })
})
