import assert from 'node:assert/strict'
import { type Market, type MarketClaims, namesOf } from './market.ts'

/** Tea has two variants, and notes by both; rice has neither. */
async function menu({ system, ann, bob }: Market) {
  const tea = await system.dishes.create({ name: 'tea', sold: 5, cook: ann.id })
  const milk = await system.dishes.create({ name: 'milk tea', sold: 9, cook: ann.id, base: tea.id })
  const mint = await system.dishes.create({ name: 'mint tea', open: false, cook: bob.id, base: tea.id })
  const rice = await system.dishes.create({ name: 'rice', cook: bob.id })
  const note = (dish: typeof tea, author: typeof ann, words: string) =>
    system.notes.create({ text: words, dish: dish.id, author: author.id })
  await note(tea, ann, 'good')
  await note(tea, bob, 'hot')
  await note(milk, bob, 'good')
  return { tea, milk, mint, rice }
}

/** Which rows: what related rows say, what is in lists and in JSON. */
export const filterClaims: MarketClaims = {
  'some, none and every ask the rows of a relation; of no rows every holds': async (market) => {
    await menu(market)
    const find = async (where: any) => namesOf(await market.system.dishes.find({ where, orderBy: 'name' }))
    assert.deepEqual(await find({ notes: { some: {} } }), ['milk tea', 'tea'])
    assert.deepEqual(await find({ notes: { some: { text: 'hot' } } }), ['tea'])
    assert.deepEqual(await find({ notes: { none: {} } }), ['mint tea', 'rice'])
    assert.deepEqual(await find({ notes: { every: { text: 'good' } } }), ['milk tea', 'mint tea', 'rice'])
    assert.deepEqual(await find({ notes: { some: {}, every: { text: 'good' } } }), ['milk tea'])
    assert.deepEqual(await find({ not: { notes: { every: { text: 'good' } } } }), ['tea'])
  },

  'conditions on related rows nest, through a model and back to it': async (market) => {
    const { tea } = await menu(market)
    const { system, bob } = market
    const find = async (where: any) => namesOf(await system.dishes.find({ where, orderBy: 'name' }))
    assert.deepEqual(await find({ variants: { some: { cook: { name: 'bob' } } } }), ['tea'])
    assert.deepEqual(await find({ base: { notes: { some: { author: bob.id } } } }), ['milk tea', 'mint tea'])
    assert.deepEqual(await find({ variants: { every: { notes: { some: {} } } } }), ['milk tea', 'mint tea', 'rice'])
    assert.deepEqual(await find({ variants: { some: { notes: { none: {} }, base: { id: tea.id } } } }), ['tea'])
    assert.deepEqual(
      await find({
        or: [
          { base: null, notes: { none: {} } },
          { base: { base: null }, sold: { gt: 5 } },
        ],
      }),
      ['milk tea', 'rice'],
    )
    assert.deepEqual(await find({ not: { base: { name: 'tea' } } }), ['rice', 'tea'])
    assert.equal(await system.users.count({ where: { dishes: { some: { variants: { some: { cook: bob.id } } } } } }), 1)
  },

  'or of nothing is nobody, and of nothing everybody; they nest': async (market) => {
    await menu(market)
    const count = (where: any) => market.system.dishes.count({ where })
    assert.deepEqual([await count({ or: [] }), await count({ and: [] }), await count({}), await count({ not: {} })], [0, 4, 4, 0])
    assert.equal(await count({ and: [{ or: [{ name: 'tea' }, { name: 'rice' }] }, { not: { or: [{ sold: 5 }] } }] }), 1)
    assert.equal(await count({ id: { in: [] } }), 0)
    assert.equal(await count({ id: { notIn: [] } }), 4)
  },

  'a list of 3,000 values is as good as one of three': async (market) => {
    const { tea } = await menu(market)
    const many = Array.from({ length: 3000 }, (_, number) => `dish ${number}`)
    const { dishes } = market.system
    assert.equal(await dishes.count({ where: { name: { in: [...many, 'tea'] } } }), 1)
    assert.equal(await dishes.count({ where: { name: { notIn: [...many, 'tea'] } } }), 3)
    assert.deepEqual(
      (await dishes.first({ where: { sold: { in: Array.from({ length: 3000 }, (_, at) => at + 1) } } }))?.id,
      tea.id,
    )
  },

  'a path leads into JSON; what is not there is null, and types never mix': async ({ system, ann }) => {
    const make = (name: string, facts: unknown) => system.dishes.create({ name, facts, cook: ann.id })
    await make('a', { heat: 2, from: { city: 'Pune' }, sizes: [1, 2.5], hot: true })
    await make('b', { heat: '2', from: { city: null }, sizes: [] })
    await make('c', ['Pune', { city: 'Pune' }])
    await make('d', null)
    const find = async (facts: any) => namesOf(await system.dishes.find({ where: { facts }, orderBy: 'name' }))
    assert.deepEqual(await find({ path: ['heat'], equals: 2 }), ['a'])
    assert.deepEqual(await find({ path: ['heat'], equals: '2' }), ['b'])
    assert.deepEqual(await find({ path: ['from', 'city'], equals: 'Pune' }), ['a'])
    assert.deepEqual(await find({ path: ['from', 'city'], equals: null }), ['b', 'c', 'd'])
    assert.deepEqual(await find({ path: [1, 'city'], equals: 'Pune' }), ['c'])
    assert.deepEqual(await find({ path: ['sizes', 1], equals: 2.5 }), ['a'])
    assert.deepEqual(await find({ path: ['hot'], equals: true }), ['a'])
    assert.deepEqual(await find({ path: ['hot'], equals: 1 }), [])
    assert.deepEqual(await find({ path: ['0'], equals: 'Pune' }), [])
    assert.deepEqual(await find(null), ['d'])
    assert.equal(await system.dishes.count({ where: { not: { facts: { path: ['heat'], equals: 2 } } } }), 3)
  },

  'has tells items of a list apart by case, accent and space': async ({ system, ann }) => {
    const items = ['é', 'e\u0301', 'a', 'A', 'a ', '"', '%', '\\', '🌶', '']
    for (const label of items) await system.dishes.create({ name: label, labels: ['x', label], cook: ann.id })
    for (const label of items) {
      assert.deepEqual(namesOf(await system.dishes.find({ where: { labels: { has: label } } })), [label])
    }
    assert.equal(await system.dishes.count({ where: { labels: { has: 'x' } } }), items.length)
    assert.equal(await system.dishes.count({ where: { not: { labels: { has: 'é' } } } }), items.length - 1)
  },

  'has tells numbers of a list apart that differ in their last digit, or hardly from 0': async ({ system, ann }) => {
    const numbers = [0.3, 0.1 + 0.2, 0, 5e-324, -1e-300, 1, 1 + Number.EPSILON, 1e300, 2 ** 53 - 1, 2 ** 53 - 2, 10, 100]
    for (const number of numbers) await system.dishes.create({ name: String(number), doses: [7, number], cook: ann.id })
    for (const number of numbers) {
      assert.deepEqual(namesOf(await system.dishes.find({ where: { doses: { has: number } } })), [String(number)])
    }
    assert.equal(await system.dishes.count({ where: { doses: { has: 7 } } }), numbers.length)
  },

  'days compare as texts of their form': async ({ system, ann }) => {
    for (const day of ['1969-12-31', '2026-01-01', '0001-01-01', '9999-12-31', null]) {
      await system.dishes.create({ name: String(day), day, cook: ann.id })
    }
    const find = async (day: any) => namesOf(await system.dishes.find({ where: { day }, orderBy: 'day' }))
    assert.deepEqual(await find({ lt: '2026-01-01' }), ['0001-01-01', '1969-12-31'])
    assert.deepEqual(await find({ gte: '2026-01-01' }), ['2026-01-01', '9999-12-31'])
    assert.deepEqual(await find({ startsWith: '2026-' }), ['2026-01-01'])
    assert.deepEqual(await find(null), ['null'])
  },
}
