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

  'whole words come before beginnings, and fields in the order in which the model names them': async ({ system, ann }) => {
    const dishes = [
      { name: 'teapot', about: 'x' },
      { name: 'soup', about: 'with tea' },
      { name: 'tea', about: 'of tea' },
      { name: 'tea', about: null },
      { name: 'stew', about: 'of teal' },
      { name: 'tea of teal', about: null },
    ]
    await system.dishes.createMany(dishes.map((each) => ({ ...each, cook: ann.id })))
    const found = await system.dishes.find({ search: 'tea' })
    assert.deepEqual(
      found.map(({ name, about }) => [name, about]),
      [
        ['tea', 'of tea'],
        ['tea', null],
        ['tea of teal', null],
        ['teapot', 'x'],
        ['soup', 'with tea'],
        ['stew', 'of teal'],
      ],
    )
    assert.equal((await system.dishes.first({ search: 'tea' }))?.about, 'of tea')
    assert.deepEqual(namesOf(await system.dishes.find({ search: 'tea teal' })), ['tea of teal', 'stew'])
    assert.equal(namesOf(await system.dishes.find({ search: 'tea', orderBy: 'name' }))[0], 'soup')
  },

  'pages of a search are by rank, and hold their place while rows come and go': async ({ system, ann }) => {
    const names = ['tea', 'teapot', 'tea', 'teal', 'tea', 'teapot']
    const made = await system.dishes.createMany(names.map((name) => ({ name, cook: ann.id })))
    const expected = ['tea', 'tea', 'tea', 'teapot', 'teal', 'teapot']
    assert.deepEqual(namesOf(await system.dishes.find({ search: 'tea' })), expected)
    const asked = { search: 'tea', limit: 2, select: { sold: true } } as const
    const first = await system.dishes.page(asked)
    assert.deepEqual(Object.keys(first.rows[0] ?? {}).sort(), ['id', 'sold'])
    await system.dishes.create({ name: 'teak tea', cook: ann.id })
    assert.ok(made[0])
    await system.dishes.delete(made[0].id)
    const seen: string[] = []
    for (let { next } = first; next !== null; ) {
      const page = await system.dishes.page({ search: 'tea', limit: 2, after: next })
      seen.push(...namesOf(page.rows))
      next = page.next
    }
    assert.deepEqual(seen, ['tea', 'teak tea', 'teapot', 'teal', 'teapot'])
    for (const search of ['teal', 'TEA pot']) {
      await assert.rejects(system.dishes.page({ search, after: first.next ?? '' }), { code: 'TAPRI_DATA_CURSOR' })
    }
  },

  'signs of every script are found: Chinese without spaces, emoji beside words, quotes and operators of databases': async ({
    system,
    ann,
  }) => {
    const names = ['我喜欢喝茶', 'कढ़ी चावल', 'ѝж plov Плов', '🍵 tea🍵time', `o'neil "AND" or* -not near(x) \\ a|b&c!`, '𐐷𐐯𐑊']
    await system.dishes.createMany(names.map((name) => ({ name, cook: ann.id })))
    const find = async (search: string) => namesOf(await system.dishes.find({ search, orderBy: 'id' }))
    assert.deepEqual(await find('喝茶'), [names[0]])
    assert.deepEqual(await find('茶喝'), [names[0]])
    assert.deepEqual(await find('茶咖'), [])
    assert.deepEqual(await find('चा'), [names[1]])
    assert.deepEqual(await find('ПЛО'), [names[2]])
    assert.deepEqual(await find('time 🍵'), [names[3]])
    assert.deepEqual(await find('🍵'), [])
    for (const part of ['and', 'or', 'not', 'near', 'x', 'a', 'b', "o'", 'neil'])
      assert.ok((await find(part)).includes(names[4] ?? ''))
    assert.deepEqual(await find('"and" OR* NEAR('), [names[4]])
    assert.deepEqual(await find('𐐏'), [names[5]])
  },

  'many words, long words and very long texts are found as they begin': async ({ system, ann }) => {
    const numbered = Array.from({ length: 20_000 }, (_, number) => `w${number}`)
    const long = 'ö'.repeat(150)
    await system.dishes.create({ name: long, about: numbered.join(' '), cook: ann.id })
    await system.dishes.create({ name: 'short', about: 'w1 w2', cook: ann.id })
    const count = (search: string) => system.dishes.count({ search })
    assert.deepEqual([await count('w19999'), await count('w1 w2'), await count('w20000')], [1, 2, 0])
    assert.deepEqual([await count('o'.repeat(100)), await count('o'.repeat(130)), await count('o'.repeat(99))], [1, 1, 1])
    const sixteen = numbered.slice(0, 16).join(' ')
    assert.deepEqual([await count(`${sixteen} nowhere`), await count(`nowhere ${sixteen}`)], [1, 0])
    // beyond 300,000 letters no more words of a text are kept
    const huge = Array.from({ length: 80_000 }, (_, number) => `x${number}`).join(' ')
    await system.dishes.create({ name: 'huge', about: huge, cook: ann.id })
    assert.deepEqual([await count('x49999'), await count('x79999')], [1, 0])
  },

  'a transaction finds what it has written itself, and others do not until it has ended': async ({ system, ann }) => {
    const old = await system.dishes.create({ name: 'rice pudding', cook: ann.id })
    const ended = assert.rejects(
      system.transaction(async (db) => {
        await db.dishes.create({ name: 'plain rice', cook: ann.id })
        await db.dishes.update(old.id, { name: 'pudding' })
        assert.deepEqual(namesOf(await db.dishes.find({ search: 'rice' })), ['plain rice'])
        const inner = db.transaction(async (nested) => {
          await nested.dishes.updateWhere({}, { name: 'barley' })
          assert.deepEqual(
            [await nested.dishes.count({ search: 'barley' }), await nested.dishes.count({ search: 'rice' })],
            [2, 0],
          )
          throw new Error('undone')
        })
        await assert.rejects(inner, { message: 'undone' })
        assert.deepEqual([await db.dishes.count({ search: 'barley' }), await db.dishes.count({ search: 'rice' })], [0, 1])
        throw new Error('all undone')
      }),
      { message: 'all undone' },
    )
    await ended
    assert.deepEqual(namesOf(await system.dishes.find({ search: 'rice' })), ['rice pudding'])
  },

  'what is deleted, taken along or marked is found no more, and what is restored is': async ({ system, ann }) => {
    const base = await system.dishes.create({ name: 'stock', cook: ann.id })
    const variant = await system.dishes.create({ name: 'dark stock', base: base.id, cook: ann.id })
    const note = await system.notes.create({ text: 'stock note', dish: variant.id, author: ann.id })
    await system.notes.delete(note.id)
    assert.deepEqual([await system.notes.count({ search: 'stock' }), await system.dishes.count({ search: 'stock' })], [0, 2])
    assert.equal(await system.notes.count({ search: 'stock', withDeleted: true }), 1)
    await system.notes.restore(note.id)
    assert.equal(await system.notes.count({ search: 'note stock' }), 1)
    await system.dishes.delete(base.id)
    assert.deepEqual(
      [await system.notes.count({ search: 'stock', withDeleted: true }), await system.dishes.count({ search: 'stock' })],
      [0, 0],
    )
    await system.dishes.create({ name: 'stock', cook: ann.id })
    assert.equal(await system.dishes.deleteWhere({ name: 'stock' }), 1)
    assert.equal(await system.dishes.count({ search: 'stock' }), 0)
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
