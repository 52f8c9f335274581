import assert from 'node:assert/strict'
import type { Claims, Shelf } from './place.ts'

async function titled(shelf: Shelf, titles: readonly string[]): Promise<void> {
  for (const title of titles) await shelf.system.books.create({ title, open: true, owner: shelf.ann.id })
}

/** Conditions, orders and pages. */
export const orderClaims: Claims = {
  'texts order by code point: capitals first, a space at the end counts, emoji last': async (shelf) => {
    const titles = ['🏆', 'a ', 'b', 'é', 'B', 'a', '\ue000', 'Z', 'aa', '']
    await titled(shelf, titles)
    const ordered = ['', 'B', 'Z', 'a', 'a ', 'aa', 'b', 'é', '\ue000', '🏆']
    const { books } = shelf.system
    assert.deepEqual(await titlesOf(books.find({ orderBy: 'title' })), ordered)
    assert.deepEqual(await titlesOf(books.find({ orderBy: '-title' })), ordered.toReversed())
    assert.deepEqual(await titlesOf(books.find({ where: { title: { gt: 'b' } }, orderBy: 'title' })), ['é', '\ue000', '🏆'])
  },

  'null orders first, equals null, and is in no order with a value': async ({ system, ann }) => {
    for (const stars of [2, null, -1, 0]) await system.books.create({ title: String(stars), stars, owner: ann.id })
    const { books } = system
    const find = (where: any) => titlesOf(books.find({ where, orderBy: 'stars' }))
    assert.deepEqual(await find({}), ['null', '-1', '0', '2'])
    assert.deepEqual(await titlesOf(books.find({ orderBy: '-stars' })), ['2', '0', '-1', 'null'])
    assert.deepEqual(await find({ stars: null }), ['null'])
    assert.deepEqual(await find({ stars: { not: null } }), ['-1', '0', '2'])
    assert.deepEqual(await find({ stars: { not: 0 } }), ['null', '-1', '2'])
    assert.deepEqual(await find({ stars: { gte: 0 } }), ['0', '2'])
    assert.deepEqual(await find({ not: { stars: { gte: 0 } } }), ['null', '-1'])
    assert.deepEqual(await find({ stars: { in: [2, null] } }), ['null', '2'])
    assert.deepEqual(await find({ stars: { notIn: [2] } }), ['null', '-1', '0'])
    assert.deepEqual(await find({ stars: { notIn: [2, null] } }), ['-1', '0'])
  },

  'contains, startsWith and endsWith know no wildcards and no case': async (shelf) => {
    await titled(shelf, ['100%', '100x', 'a_b', 'aXb', 'Ab', '🏆🏆b', 'c\\d', "it's"])
    const { books } = shelf.system
    const find = (title: any) => titlesOf(books.find({ where: { title } }))
    assert.deepEqual(await find({ contains: '%' }), ['100%'])
    assert.deepEqual(await find({ contains: '_' }), ['a_b'])
    assert.deepEqual(await find({ startsWith: 'a' }), ['a_b', 'aXb'])
    assert.deepEqual(await find({ endsWith: '🏆b' }), ['🏆🏆b'])
    assert.deepEqual(await find({ startsWith: '🏆🏆' }), ['🏆🏆b'])
    assert.deepEqual(await find({ contains: '\\' }), ['c\\d'])
    assert.deepEqual(await find({ endsWith: "'s" }), ["it's"])
    assert.equal(await books.count({ where: { not: { title: { contains: 'b' } } } }), 4)
  },

  'has finds an item of a list': async ({ system, ann }) => {
    const make = (title: string, values: object) => system.books.create({ title, owner: ann.id, ...values })
    await make('a', { words: ['x', '%'], numbers: [1, 0.1] })
    await make('b', { words: ['X'], numbers: [10], times: [new Date(7)] })
    await make('c', {})
    const find = (where: any) => titlesOf(system.books.find({ where }))
    assert.deepEqual(await find({ words: { has: 'x' } }), ['a'])
    assert.deepEqual(await find({ numbers: { has: 0.1 } }), ['a'])
    assert.deepEqual(await find({ numbers: { has: 1 } }), ['a'])
    assert.deepEqual(await find({ times: { has: new Date(7) } }), ['b'])
    assert.deepEqual(await find({ not: { words: { has: 'x' } } }), ['b', 'c'])
  },

  'numbers and times compare as they are, whole or not': async ({ system, ann }) => {
    for (const pages of [1, 2, Number.MAX_SAFE_INTEGER]) {
      await system.books.create({ title: String(pages), pages, bought: new Date(Math.min(pages, 3)), owner: ann.id })
    }
    const count = (where: any) => system.books.count({ where })
    assert.equal(await count({ pages: { gt: 1.5 } }), 2)
    assert.equal(await count({ pages: { lte: 1.5 } }), 1)
    assert.equal(await count({ pages: 1.5 }), 0)
    assert.equal(await count({ pages: { not: 1.5 } }), 3)
    assert.equal(await count({ pages: { in: [1.5, 2, 1e300] } }), 1)
    assert.equal(await count({ pages: { lt: 1e300 } }), 3)
    assert.equal(await count({ pages: { gt: -1e300 } }), 3)
    assert.equal(await count({ bought: { gt: new Date(1), lte: new Date(3) } }), 2)
    assert.equal(await count({ bought: { gte: new Date(-8.64e15) } }), 3)
  },

  'pages give each row once while rows come and go': async (shelf) => {
    const { system, ann } = shelf
    for (const stars of [null, 1, 1, 1, 2, null]) {
      await system.books.create({ title: String(stars), stars, open: true, owner: ann.id })
    }
    const seen: string[] = []
    for (let next: string | null | undefined; next !== null; ) {
      const page = await shelf.as(ann).books.page({ orderBy: ['stars', '-title'], limit: 2, ...(next && { after: next }) })
      seen.push(...page.rows.map(({ id }) => id))
      next = page.next
      await system.books.create({ title: 'before', stars: null, owner: ann.id })
    }
    assert.equal(new Set(seen).size, seen.length)
    const all = await system.books.find({ where: { title: { not: 'before' } } })
    assert.ok(all.every(({ id }) => seen.includes(id)))
  },
}

async function titlesOf(rows: Promise<readonly { readonly title: string }[]>): Promise<string[]> {
  return (await rows).map(({ title }) => title)
}
