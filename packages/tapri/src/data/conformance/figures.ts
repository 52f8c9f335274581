import assert from 'node:assert/strict'
import type { Market, MarketClaims } from './market.ts'

async function menu({ system, ann, bob }: Market): Promise<void> {
  const dishes = [
    { name: 'a', sold: 10, price: 4, cook: ann.id },
    { name: 'B', sold: 20, price: null, cook: ann.id },
    { name: 'b', sold: 5, price: 1.5, cook: bob.id, open: false },
    { name: 'é', sold: 400, price: -2, cook: bob.id, day: '2026-01-01' },
  ]
  await system.dishes.createMany(dishes.map((each, at) => ({ at: new Date(at), ...each })))
}

/** Figures of rows, and of groups of them. */
export const figureClaims: MarketClaims = {
  'sum, avg, min and max are of the rows that match; nulls do not count': async (market) => {
    await menu(market)
    const { dishes } = market.system
    assert.deepEqual([await dishes.sum('sold'), await dishes.sum('price'), await dishes.avg('price')], [435, 3.5, 3.5 / 3])
    assert.deepEqual([await dishes.min('name'), await dishes.max('name')], ['B', 'é'])
    assert.deepEqual([await dishes.min('at'), await dishes.max('day')], [new Date(0), '2026-01-01'])
    assert.equal(await dishes.sum('sold', { where: { cook: { name: 'ann' } } }), 30)
  },

  'the sum of nothing is 0, every other figure of nothing null': async (market) => {
    const { dishes } = market.system
    assert.deepEqual([await dishes.sum('sold'), await dishes.avg('sold'), await dishes.max('at')], [0, null, null])
    const group = { by: [], count: true, sum: ['price'], min: ['name'] } as const
    assert.deepEqual(await dishes.groupBy(group), [{ count: 0, sum: { price: 0 }, min: { name: null } }])
    assert.deepEqual(await dishes.groupBy({ by: ['cook'], count: true }), [])
  },

  'groups have values, figures, an order and a limit; null is a value like any other': async (market) => {
    await menu(market)
    const { dishes } = market.system
    const { ann, bob } = market
    assert.deepEqual(await dishes.groupBy({ by: ['cook'], count: true, sum: ['sold'], max: ['at'], orderBy: '-sum.sold' }), [
      { cook: bob.id, count: 2, sum: { sold: 405 }, max: { at: new Date(3) } },
      { cook: ann.id, count: 2, sum: { sold: 30 }, max: { at: new Date(1) } },
    ])
    assert.deepEqual(await dishes.groupBy({ by: ['day'], count: true }), [
      { day: null, count: 3 },
      { day: '2026-01-01', count: 1 },
    ])
    assert.deepEqual(await dishes.groupBy({ by: ['name'], count: true, orderBy: '-name', limit: 2 }), [
      { name: 'é', count: 1 },
      { name: 'b', count: 1 },
    ])
  },

  'having keeps groups by their figures': async (market) => {
    await menu(market)
    const { dishes } = market.system
    const cooks = async (having: any) => (await dishes.groupBy({ by: ['cook'], count: true, having })).length
    assert.equal(await cooks({ count: { gte: 2 } }), 2)
    assert.equal(await cooks({ sum: { sold: { gt: 30 } } }), 1)
    assert.equal(await cooks({ avg: { price: { lt: 0 } } }), 1)
    assert.equal(await cooks({ min: { name: 'B' } }), 1)
    assert.equal(await cooks({ count: 2, max: { price: { not: 4 } } }), 1)
    const open = await dishes.groupBy({ by: ['open'], where: { sold: { lt: 100 } }, count: true, having: { count: { gt: 1 } } })
    assert.deepEqual(open, [{ open: true, count: 2 }])
  },

  'a sum that a number cannot hold is refused, not rounded': async ({ system, ann }) => {
    const most = Number.MAX_SAFE_INTEGER
    await system.dishes.create({ name: 'a', sold: most, cook: ann.id })
    assert.equal(await system.dishes.sum('sold'), most)
    await system.dishes.create({ name: 'b', sold: 1, cook: ann.id })
    await assert.rejects(system.dishes.sum('sold'), { code: 'TAPRI_DATA_QUERY' })
    const group = { by: ['cook'], sum: ['sold'] } as const
    await assert.rejects(system.dishes.groupBy(group), { code: 'TAPRI_DATA_QUERY' })
  },
}
