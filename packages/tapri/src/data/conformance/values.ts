import assert from 'node:assert/strict'
import type { MarketClaims } from './market.ts'

const taken = { code: 'TAPRI_DATA_NOT_UNIQUE', status: 409 }

/** What values are the same, and which can be. */
export const valueClaims: MarketClaims = {
  'a unique key of several fields is taken when all are the same and none is null': async ({ system }) => {
    const put = (city: string | null, street: string, number: number | null) => system.places.create({ city, street, number })
    await put('Pune', 'MG', 1)
    await assert.rejects(put('Pune', 'MG', 1), { ...taken, message: /city and street and number/ })
    for (const [city, street, number] of [
      ['pune', 'MG', 1],
      ['Pune ', 'MG', 1],
      ['Pune', 'MG ', 1],
      ['Puné', 'MG', 1],
      ['Pune\u0301', 'MG', 1],
      ['Pune', 'MG', 2],
      ['PuneMG', '', 1],
    ] as const) {
      await put(city, street, number)
      await assert.rejects(put(city, street, number), taken)
    }
    for (let time = 0; time < 2; time++) await put(null, 'MG', 1)
    for (let time = 0; time < 2; time++) await put('Pune', 'MG', null)
    assert.equal(await system.places.count(), 12)
  },

  'texts that only look alike are different values of a unique field': async ({ system }) => {
    const pairs = [
      'straße',
      'strasse',
      'ﬁ',
      'fi',
      'İ',
      'i̇',
      'K',
      '\u212a',
      'Å',
      'A\u030a',
      '👩‍👩‍👧',
      '👩👩👧',
      'ａ',
      'a',
      'a\u200b',
      'a\u00a0',
    ]
    await system.spices.createMany(pairs.map((name) => ({ name })))
    for (const name of pairs) {
      assert.equal((await system.spices.first({ where: { name } }))?.name, name)
      await assert.rejects(system.spices.create({ name }), taken)
    }
  },

  'a unique value is free again once its row has another one or is gone': async ({ system }) => {
    const one = await system.spices.create({ name: 'a' })
    await system.transaction(async (db) => {
      await db.spices.update(one.id, { name: 'b' })
      await db.spices.create({ name: 'a' })
    })
    await system.spices.delete(one.id)
    await system.spices.create({ name: 'b' })
    assert.equal(await system.spices.count(), 2)
  },

  'a text of 10,000 signs is kept, found, ordered and told from one that ends otherwise': async ({ system, ann }) => {
    const long = '🍵é '.repeat(3333)
    for (const end of ['b', 'a']) await system.dishes.create({ name: long + end, cook: ann.id })
    assert.equal(await system.dishes.count({ where: { name: `${long}a` } }), 1)
    assert.equal(await system.dishes.count({ where: { name: { startsWith: long } } }), 2)
    const ordered = await system.dishes.find({ orderBy: 'name' })
    assert.deepEqual(
      ordered.map(({ name }) => name.at(-1)),
      ['a', 'b'],
    )
    const { next } = await system.dishes.page({ orderBy: 'name', limit: 1 })
    const { rows } = await system.dishes.page({ orderBy: 'name', limit: 1, after: next ?? '' })
    assert.equal(rows[0]?.name, `${long}b`)
  },

  'numbers at the ends of what they can be compare and order exactly': async ({ system, ann }) => {
    const most = Number.MAX_SAFE_INTEGER
    const numbers = [most, most - 1, 0, -most + 1, -most]
    await system.dishes.createMany(numbers.map((sold) => ({ name: String(sold), sold, cook: ann.id })))
    const sold = async (query: any) => (await system.dishes.find({ orderBy: 'sold', ...query })).map((dish: any) => dish.sold)
    assert.deepEqual(await sold({}), numbers.toReversed())
    for (const number of numbers) assert.deepEqual(await sold({ where: { sold: number } }), [number])
    assert.deepEqual(await sold({ where: { sold: { gt: most - 1 } } }), [most])
    const prices = [-1.7976931348623157e308, -1, -5e-324, 0, 5e-324, 0.1 + 0.2, 1e21, 1.7976931348623157e308]
    await system.dishes.deleteWhere({})
    await system.dishes.createMany(prices.map((price) => ({ name: String(price), price, cook: ann.id })))
    assert.deepEqual(
      (await system.dishes.find({ orderBy: 'price' })).map(({ price }) => price),
      prices,
    )
    for (const price of prices) assert.equal(await system.dishes.count({ where: { price } }), 1, String(price))
    assert.equal(await system.dishes.count({ where: { price: 0.3 } }), 0)
    assert.equal(await system.dishes.count({ where: { price: -0 } }), 1)
  },

  'moments from 4713 BC to the last of JavaScript order, compare and come back': async ({ system, ann }) => {
    const moments = [Date.UTC(-4712, 0, 1), -62_135_596_800_001, -1, 0, 1, 1.7e12, 8.64e15].map((each) => new Date(each))
    await system.dishes.createMany(moments.map((at) => ({ name: 'a', at, cook: ann.id })))
    assert.deepEqual(
      (await system.dishes.find({ orderBy: 'at' })).map(({ at }) => at),
      moments,
    )
    for (const at of moments) assert.equal(await system.dishes.count({ where: { at } }), 1, at.toISOString())
    assert.equal(await system.dishes.count({ where: { at: { gt: new Date(-8.64e15), lt: new Date(0) } } }), 3)
    await assert.rejects(system.dishes.create({ name: 'b', at: new Date(-8.64e15), cook: ann.id }), { code: 'TAPRI_INVALID' })
  },

  'NUL and halves of signs are in no text, list, JSON or comparison, and no id has one': async ({ system, ann }) => {
    const cook = ann.id
    const { id } = await system.dishes.create({ name: 'a', facts: { a: ['b'] }, cook })
    for (const bad of ['a\0', '\ud800', 'a\udc00b']) {
      for (const values of [{ name: bad }, { labels: [bad] }, { facts: { a: [bad] } }, { facts: [{ [bad]: 1 }] }]) {
        await assert.rejects(system.dishes.create({ name: 'a', cook, ...values }), { code: 'TAPRI_INVALID' })
        await assert.rejects(system.dishes.update(id, values), { code: 'TAPRI_INVALID' })
      }
      for (const name of [bad, { contains: bad }, { in: ['a', bad] }, { gt: bad }]) {
        await assert.rejects(system.dishes.find({ where: { name } }), { code: 'TAPRI_DATA_QUERY' })
      }
      const none: any = bad
      const missing = { code: 'TAPRI_NOT_FOUND', status: 404 }
      await assert.rejects(system.dishes.get(none), missing)
      await assert.rejects(system.dishes.get(none, { select: { name: true } }), missing)
      await assert.rejects(system.dishes.update(none, { name: 'b' }), missing)
      await assert.rejects(system.dishes.delete(none), missing)
      await assert.rejects(system.dishes.update(id, { spices: { add: [none] } }), { code: 'TAPRI_DATA_NO_SUCH_ROW' })
    }
    assert.equal(await system.dishes.count({ where: { facts: { path: ['a', 0], equals: 'b' } } }), 1)
  },
}
