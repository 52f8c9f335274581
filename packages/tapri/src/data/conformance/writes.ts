import assert from 'node:assert/strict'
import type { Commit } from '../changes.ts'
import { add } from '../index.ts'
import { type Market, type MarketClaims, namesOf } from './market.ts'

/** The commits of some work, each change as what it was and what it is. */
async function logged<T>({ database }: Market, work: () => Promise<T>, show: (row: any) => unknown) {
  const commits: Commit[] = []
  const unsubscribe = database.changes.subscribe((commit) => commits.push(commit))
  await work()
  unsubscribe()
  const one = (row: unknown) => (row === null ? null : show(row))
  return commits.map(({ changes }) => changes.map(({ before, after }) => [one(before), one(after)]))
}

/** Writes of many rows, of rows that may be there, of versions and marks. */
export const writeClaims: MarketClaims = {
  'createMany makes all rows in one commit, or none': async (market) => {
    const { system, ann } = market
    const commits = await logged(
      market,
      () => system.dishes.createMany(['a', 'b'].map((name) => ({ name, cook: ann.id }))),
      ({ name }) => name,
    )
    assert.deepEqual(commits, [
      [
        [null, 'a'],
        [null, 'b'],
      ],
    ])
    await assert.rejects(system.spices.createMany([{ name: 'hot' }, { name: 'hot' }]), { code: 'TAPRI_DATA_NOT_UNIQUE' })
    assert.deepEqual([await system.spices.createMany([]), await system.spices.count()], [[], 0])
  },

  'updateWhere changes what matches in one commit, each row from what it was': async (market) => {
    const { system, ann } = market
    await system.dishes.createMany([1, 2, 3].map((sold) => ({ name: String(sold), sold, cook: ann.id })))
    const raise = () => system.dishes.updateWhere({ sold: { gte: 2 } }, { sold: add(10), about: 'more' })
    const commits = await logged(market, raise, ({ name, sold, about, version }) => [name, sold, about, version])
    assert.deepEqual(commits, [
      [
        [
          ['2', 2, null, 1],
          ['2', 12, 'more', 2],
        ],
        [
          ['3', 3, null, 1],
          ['3', 13, 'more', 2],
        ],
      ],
    ])
    assert.equal(await system.dishes.updateWhere({ name: 'none' }, { sold: 0 }), 0)
    assert.equal(await system.dishes.updateWhere({ cook: { name: 'ann' }, sold: 1 }, { sold: 5 }), 1)
    assert.deepEqual(
      (await system.dishes.find({ orderBy: 'name' })).map(({ sold }) => sold),
      [5, 12, 13],
    )
  },

  'what updateWhere may not do to one row it does to none': async ({ system }) => {
    await system.spices.createMany(['hot', 'sweet', 'sour'].map((name) => ({ name })))
    await assert.rejects(system.spices.updateWhere({ name: { not: 'hot' } }, { name: 'salt' }), { code: 'TAPRI_DATA_NOT_UNIQUE' })
    assert.deepEqual(namesOf(await system.spices.find({ orderBy: 'name' })), ['hot', 'sour', 'sweet'])
  },

  'deleteWhere deletes what matches and what cascades, in one commit': async (market) => {
    const { system, ann } = market
    const tea = await system.dishes.create({ name: 'tea', cook: ann.id })
    await system.dishes.create({ name: 'milk tea', cook: ann.id, base: tea.id })
    await system.dishes.create({ name: 'rice', cook: ann.id })
    const commits = await logged(
      market,
      () => system.dishes.deleteWhere({ name: 'tea' }),
      ({ name }) => name,
    )
    assert.equal(commits.length, 1)
    assert.deepEqual(commits[0]?.toSorted(), [
      ['milk tea', null],
      ['tea', null],
    ])
    await assert.rejects(system.users.deleteWhere({}), { code: 'TAPRI_DATA_STILL_USED' })
    assert.equal(await system.dishes.deleteWhere({ name: 'none' }), 0)
    assert.deepEqual([await system.dishes.count(), await system.users.count()], [1, 2])
  },

  'upsert makes the row or changes the one with its key; null is equal to nothing there': async ({ system }) => {
    const on = ['city', 'street', 'number'] as const
    const put = (values: any, update?: any) => system.places.upsert(values, update === undefined ? { on } : { on, update })
    const first = await put({ city: 'Pune', street: 'MG', number: 1, visits: 1 })
    const again = await put({ city: 'Pune', street: 'MG', number: 1, visits: 7 })
    assert.deepEqual([again.id, again.visits], [first.id, 7])
    const counted = await put({ city: 'Pune', street: 'MG', number: 1 }, { visits: add(1) })
    assert.deepEqual([counted.id, counted.visits], [first.id, 8])
    await put({ city: null, street: 'MG', number: 1 })
    await put({ city: null, street: 'MG', number: 1 })
    assert.equal(await system.places.count(), 3)
    await assert.rejects(system.places.upsert({ street: 'MG' }, { on: ['street'] }), { code: 'TAPRI_DATA_QUERY' })
  },

  'of many upserts of one key one makes the row and the others change it': async ({ system }) => {
    const key = { city: 'Pune', street: 'MG', number: 1 }
    const count = () => system.places.upsert(key, { on: ['city', 'street', 'number'], update: { visits: add(1) } })
    await Promise.all(Array.from({ length: 20 }, count))
    assert.deepEqual(
      (await system.places.find()).map(({ visits }) => visits),
      [19],
    )
  },

  'of upserts of one key in transactions that have read before, however isolated, all count': async ({ system }) => {
    const key = { city: 'Pune', street: 'MG', number: 1 }
    const inTransaction = (isolation: 'serializable' | 'read committed') =>
      system.transaction(
        async (db) => {
          await db.users.count()
          await db.places.upsert(key, { on: ['city', 'street', 'number'], update: { visits: add(1) } })
        },
        { isolation },
      )
    const isolations = Array.from({ length: 16 }, (_, index) => (index % 2 === 0 ? 'serializable' : 'read committed'))
    await Promise.all(isolations.map(inTransaction))
    assert.deepEqual(
      (await system.places.find()).map(({ visits }) => visits),
      [15],
    )
  },

  'a version counts changes, and a change from an older one is refused': async ({ system, ann }) => {
    const dish = await system.dishes.create({ name: 'a', cook: ann.id })
    const next = await system.dishes.update(dish.id, { name: 'b' }, { version: dish.version })
    assert.deepEqual([dish.version, next.version], [1, 2])
    const stale = { code: 'TAPRI_DATA_STALE', status: 409 }
    await assert.rejects(system.dishes.update(dish.id, { name: 'c' }, { version: dish.version }), stale)
    assert.equal((await system.dishes.update(dish.id, { name: 'b' })).version, 2)
    const both = [1, 2].map((sold) => system.dishes.update(dish.id, { sold }, { version: 2 }))
    const outcomes = (await Promise.allSettled(both)).map(({ status }) => status)
    assert.deepEqual(outcomes.toSorted(), ['fulfilled', 'rejected'])
    assert.equal((await system.dishes.get(dish.id)).version, 3)
  },

  'a deleted row that is only marked is in no read, and comes back': async ({ system, ann, clock }) => {
    const dish = await system.dishes.create({ name: 'tea', cook: ann.id })
    const note = await system.notes.create({ text: 'good', dish: dish.id, author: ann.id })
    await system.notes.delete(note.id)
    const where = { notes: { some: {} } }
    assert.deepEqual([await system.notes.find(), await system.notes.count(), await system.dishes.count({ where })], [[], 0, 0])
    assert.deepEqual((await system.dishes.get(dish.id, { with: { notes: true } })).notes, [])
    const [kept] = await system.notes.find({ withDeleted: true })
    assert.deepEqual([kept?.deletedAt, kept?.version], [new Date(clock.now()), 2])
    const back = await system.notes.restore(note.id)
    assert.deepEqual(back, { ...note, version: 3 })
    assert.equal(await system.dishes.count({ where }), 1)
    await system.notes.delete(note.id)
    assert.equal(await system.notes.deleteWhere({ deletedAt: { not: null } }, { forever: true }), 1)
    assert.equal(await system.notes.count({ withDeleted: true }), 0)
  },

  'pairs are changes of their own in the log, and of the row’s version': async (market) => {
    const { system, database, ann } = market
    const hot = await system.spices.create({ name: 'hot' })
    const dish = await system.dishes.create({ name: 'a', cook: ann.id })
    const commits: Commit[] = []
    database.changes.subscribe((commit) => commits.push(commit))
    assert.equal((await system.dishes.update(dish.id, { spices: { add: [hot.id] } })).version, 2)
    await system.spices.delete(hot.id)
    assert.deepEqual(
      commits.map(({ changes }) =>
        changes.map(({ model, before }) => `${model} ${before === null ? 'made' : 'was there'}`).sort(),
      ),
      [
        ['dishes was there', 'dishes_spices made'],
        ['dishes_spices was there', 'spices was there'],
      ],
    )
  },
}
