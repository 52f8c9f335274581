import assert from 'node:assert/strict'
import { type MarketClaims, namesOf } from './market.ts'

/** Words, found in any field that the model names. */
export const searchClaims: MarketClaims = {
  'a row is found when each word of the search begins a word of a field, without case and accents': async ({ system, ann }) => {
    const dishes = [
      { name: 'Green tea', about: 'How to brew it at the Café' },
      { name: 'Chai', about: null },
      { name: 'Tea and kitchen', about: '茶 of 京都' },
      { name: 'Ｗide ﬁg', about: "it's 100%_" },
    ]
    await system.dishes.createMany(dishes.map((each) => ({ ...each, cook: ann.id })))
    const find = async (search: string) => namesOf(await system.dishes.find({ search, orderBy: 'name' }))
    assert.deepEqual(await find('tea'), ['Green tea', 'Tea and kitchen'])
    assert.deepEqual(await find('TE kit'), ['Tea and kitchen'])
    assert.deepEqual(await find('cafe brew'), ['Green tea'])
    assert.deepEqual(await find('CAFE\u0301'), ['Green tea'])
    assert.deepEqual(await find('ea'), [])
    assert.deepEqual(await find('都'), ['Tea and kitchen'])
    assert.deepEqual(await find('wide fi'), ['Ｗide ﬁg'])
    assert.deepEqual(await find('100'), ['Ｗide ﬁg'])
    assert.deepEqual(await find('%'), [])
    assert.equal((await find(' ')).length, 4)
  },

  'what more words and fields are found in comes first, unless an order is given': async ({ system, ann }) => {
    const dishes = [{ name: 'soup', about: 'with tea' }, { name: 'tea', about: 'of tea' }, { name: 'tea' }]
    await system.dishes.createMany(dishes.map((each) => ({ ...each, cook: ann.id })))
    const found = await system.dishes.find({ search: 'tea' })
    assert.deepEqual(
      found.map(({ name, about }) => [name, about]),
      [
        ['tea', 'of tea'],
        ['soup', 'with tea'],
        ['tea', null],
      ],
    )
    assert.equal((await system.dishes.first({ search: 'tea' }))?.about, 'of tea')
    assert.deepEqual(namesOf(await system.dishes.find({ search: 'tea', orderBy: 'name' })), ['soup', 'tea', 'tea'])
  },

  'a search follows every way of writing, and joins with where, count and page': async ({ system, ann }) => {
    const [one, two] = await system.dishes.createMany(['tea', 'rice'].map((name) => ({ name, cook: ann.id })))
    assert.ok(one && two)
    const count = (search: string, where: any = {}) => system.dishes.count({ search, where })
    await system.dishes.update(one.id, { name: 'soup' })
    assert.deepEqual([await count('tea'), await count('soup')], [0, 1])
    await system.dishes.updateWhere({}, { about: 'served hot' })
    assert.deepEqual([await count('hot'), await count('hot', { name: 'rice' }), await count('hot rice')], [2, 1, 1])
    await system.dishes.updateWhere({ name: 'soup' }, { about: null })
    assert.equal(await count('hot'), 1)
    assert.deepEqual(namesOf((await system.dishes.page({ search: 'r', limit: 1 })).rows), ['rice'])
    await system.dishes.delete(two.id)
    assert.equal(await count('rice'), 0)
  },
}
