import assert from 'node:assert/strict'
import { type MarketClaims, namesOf } from './market.ts'

/** What of the rows, and with which others. */
export const loadingClaims: MarketClaims = {
  'select gives the named fields and the id, whatever it is ordered by': async ({ system, ann }) => {
    await system.dishes.create({ name: 'b', sold: 1, cook: ann.id })
    const { id } = await system.dishes.create({ name: 'a', sold: 2, cook: ann.id })
    const [first] = await system.dishes.find({ select: { name: true }, orderBy: '-sold' })
    assert.deepEqual(first, { id, name: 'a' })
    assert.deepEqual(await system.dishes.get(id, { select: { sold: true } }), { id, sold: 2 })
    const { rows, next } = await system.dishes.page({ select: { sold: true }, orderBy: 'name', limit: 1 })
    assert.deepEqual(rows, [{ id, sold: 2 }])
    const { rows: rest } = await system.dishes.page({ select: { name: true }, orderBy: 'name', limit: 1, after: next ?? '' })
    assert.deepEqual(namesOf(rest), ['b'])
  },

  'with nests, and its where, order and limit hold for the rows of each row': async ({ system, ann, bob }) => {
    for (const name of ['tea', 'rice', 'soup']) {
      const dish = await system.dishes.create({ name, cook: ann.id })
      const notes = name === 'soup' ? [] : ['1', '2', '3', 'skip']
      for (const text of notes) await system.notes.create({ text: `${name} ${text}`, dish: dish.id, author: bob.id })
    }
    const found = await system.dishes.find({
      orderBy: 'name',
      select: { name: true },
      with: {
        cook: { select: { name: true } },
        notes: {
          where: { not: { text: { endsWith: 'skip' } } },
          orderBy: '-text',
          limit: 2,
          select: { text: true },
          with: { author: { with: { dishes: true } } },
        },
      },
    })
    assert.deepEqual(
      found.map(({ name, cook, notes }) => [name, cook.name, notes.map(({ text, author }) => [text, author?.dishes.length])]),
      [
        [
          'rice',
          'ann',
          [
            ['rice 3', 0],
            ['rice 2', 0],
          ],
        ],
        ['soup', 'ann', []],
        [
          'tea',
          'ann',
          [
            ['tea 3', 0],
            ['tea 2', 0],
          ],
        ],
      ],
    )
  },

  'a model relates to itself, up and down': async ({ system, ann }) => {
    const tea = await system.dishes.create({ name: 'tea', cook: ann.id })
    const milk = await system.dishes.create({ name: 'milk tea', cook: ann.id, base: tea.id })
    await system.dishes.create({ name: 'cold milk tea', cook: ann.id, base: milk.id })
    const [found] = await system.dishes.find({
      where: { name: 'tea' },
      with: { base: true, variants: { with: { variants: true, base: { select: { name: true } } } } },
    })
    assert.equal(found?.base, null)
    assert.deepEqual(
      found?.variants.map((each) => [each.name, each.base?.name, namesOf(each.variants)]),
      [['milk tea', 'tea', ['cold milk tea']]],
    )
    // the rows that name it go with it, and theirs
    await system.dishes.delete(tea.id)
    assert.equal(await system.dishes.count(), 0)
  },

  'pairs of many to many are added, removed, set, loaded and asked from both sides': async ({ system, ann }) => {
    const [hot, sweet, sour] = await system.spices.createMany([{ name: 'hot' }, { name: 'sweet' }, { name: 'sour' }])
    assert.ok(hot && sweet && sour)
    const tea = await system.dishes.create({ name: 'tea', cook: ann.id, spices: { add: [hot.id, sweet.id, hot.id] } })
    await system.dishes.create({ name: 'soup', cook: ann.id, spices: { set: [sour.id, hot.id] } })
    const spicesOf = async () => namesOf((await system.dishes.get(tea.id, { with: { spices: { orderBy: 'name' } } })).spices)
    assert.deepEqual(await spicesOf(), ['hot', 'sweet'])
    await system.dishes.update(tea.id, { spices: { add: [sour.id], remove: [hot.id] } })
    assert.deepEqual(await spicesOf(), ['sour', 'sweet'])
    await system.dishes.update(tea.id, { spices: { set: [hot.id] } })
    assert.deepEqual(await spicesOf(), ['hot'])
    const [found] = await system.spices.find({ where: { name: 'hot' }, with: { dishes: { orderBy: 'name', limit: 1 } } })
    assert.deepEqual(namesOf(found?.dishes ?? []), ['soup'])
    assert.deepEqual(namesOf(await system.dishes.find({ where: { spices: { some: { name: 'sour' } } } })), ['soup'])
    assert.deepEqual(namesOf(await system.dishes.find({ where: { spices: { every: { name: 'hot' } } } })), ['tea'])
    assert.deepEqual(namesOf(await system.spices.find({ where: { dishes: { none: {} } } })), ['sweet'])
    await system.spices.delete(hot.id)
    assert.deepEqual(await spicesOf(), [])
  },

  'many to many of one model goes through a model of its own': async ({ system, ann, bob }) => {
    await system.follows.create({ fan: ann.id, star: bob.id })
    const cid = await system.users.create({ name: 'cid', stars: { add: [ann.id, bob.id] } })
    const found = await system.users.find({ orderBy: 'name', with: { stars: { orderBy: 'name' }, fans: { orderBy: '-name' } } })
    assert.deepEqual(
      found.map(({ name, stars, fans }) => [name, namesOf(stars), namesOf(fans)]),
      [
        ['ann', ['bob'], ['cid']],
        ['bob', [], ['cid', 'ann']],
        ['cid', ['ann', 'bob'], []],
      ],
    )
    assert.deepEqual(namesOf(await system.users.find({ where: { fans: { some: { name: 'ann' } } } })), ['bob'])
    await system.users.delete(cid.id)
    assert.equal(await system.follows.count(), 1)
  },

  'pages of a search or a filter give each row once, in both directions': async ({ system, ann }) => {
    const rows = Array.from({ length: 12 }, (_, number) => ({
      name: `tea ${number % 3}`,
      price: number % 2 ? number : null,
      cook: ann.id,
    }))
    const made = await system.dishes.createMany(rows)
    for (const orderBy of [['name', '-price'], ['-price', 'name'], '-id'] as const) {
      const seen: string[] = []
      for (let next: string | null | undefined; next !== null; ) {
        const asked = { search: 'tea', where: { sold: 0 }, orderBy, limit: 5 }
        const page = await system.dishes.page({ ...asked, ...(next && { after: next }) })
        seen.push(...page.rows.map(({ id }) => id))
        next = page.next
      }
      assert.deepEqual(seen.toSorted(), made.map(({ id }) => id).toSorted())
      assert.deepEqual(
        seen,
        (await system.dishes.find({ orderBy })).map(({ id }) => id),
      )
    }
    const second = await system.dishes.find({ orderBy: 'id', limit: 5, page: 2 })
    assert.deepEqual(
      second.map(({ id }) => id),
      made.slice(5, 10).map(({ id }) => id),
    )
  },
}
