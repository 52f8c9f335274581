import assert from 'node:assert/strict'
import { add } from '../index.ts'
import { type MarketClaims, namesOf } from './market.ts'

/** Transactions inside of transactions, and what waits for the commit. */
export const nestedClaims: MarketClaims = {
  'an inner transaction that fails undoes itself, at any depth; the outer goes on': async ({ system, ann, database }) => {
    const start = await database.changes.settled()
    const fail = () => Promise.reject(new Error('inner'))
    const { id } = await system.transaction(async (db) => {
      const dish = await db.dishes.create({ name: 'outer', cook: ann.id })
      const failing = db.transaction(async (one) => {
        await one.dishes.update(dish.id, { sold: add(1) })
        await one.dishes.create({ name: 'lost', cook: ann.id })
        await one.transaction((two) => two.dishes.update(dish.id, { sold: add(10) }))
        assert.equal((await one.dishes.get(dish.id)).sold, 11)
        await fail()
      })
      await assert.rejects(failing, /inner/)
      assert.equal((await db.dishes.get(dish.id)).sold, 0)
      await db.transaction(async (one) => {
        await one.dishes.update(dish.id, { sold: add(100) })
        await assert.rejects(
          one.transaction((two) => two.dishes.deleteWhere({}).then(fail)),
          /inner/,
        )
      })
      await db.dishes.updateWhere({}, { sold: add(1000) })
      return dish
    })
    assert.deepEqual(namesOf(await system.dishes.find()), ['outer'])
    assert.equal((await system.dishes.get(id)).sold, 1100)
    const [commit, more] = await database.changes.since(start, 10)
    assert.deepEqual(
      commit?.changes.map(({ before, after }) => [before?.sold ?? null, after?.sold ?? null]),
      [
        [null, 0],
        [0, 100],
        [100, 1100],
      ],
    )
    assert.equal(more, undefined)
  },

  'a transaction reads what it has written, in every way of reading': async ({ system, ann }) => {
    await system.transaction(async (db) => {
      const dish = await db.dishes.create({ name: 'tea', sold: 3, cook: ann.id })
      await db.notes.create({ text: 'good', dish: dish.id })
      const own = { where: { notes: { some: { text: 'good' } } } } as const
      assert.deepEqual([await db.dishes.count({ search: 'te' }), await db.dishes.sum('sold', own)], [1, 3])
      assert.equal((await db.dishes.first({ ...own, with: { notes: true } }))?.notes.length, 1)
      assert.deepEqual(await db.dishes.groupBy({ by: ['cook'], max: ['sold'] }), [{ cook: ann.id, max: { sold: 3 } }])
      await db.notes.deleteWhere({})
      assert.equal(await db.dishes.count(own), 0)
    })
  },

  'a write that is refused and caught leaves the rest, whichever write it is': async ({ system, ann }) => {
    const hot = await system.spices.create({ name: 'hot' })
    await system.transaction(async (db) => {
      await db.spices.create({ name: 'kept' })
      const refused = [
        () => db.spices.createMany([{ name: 'lost' }, { name: 'hot' }]),
        () => db.spices.updateWhere({}, { name: 'same' }),
        () => db.spices.update(hot.id, { name: 'kept' }),
        () => db.dishes.create({ name: 'x', cook: '00000000-0000-7000-8000-000000000000' as typeof ann.id }),
        () => db.dishes.createMany([{ name: 'x', cook: ann.id, spices: { add: [hot.id, ann.id as never] } }]),
      ]
      for (const write of refused) await assert.rejects(write, { name: 'TapriError' })
    })
    assert.deepEqual(namesOf(await system.spices.find({ orderBy: 'name' })), ['hot', 'kept'])
    assert.equal(await system.dishes.count(), 0)
  },

  'afterCommit runs once, in order, when all of it is committed, and never when it is not': async ({ system, ann }) => {
    const told: string[] = []
    await system.transaction(async (db) => {
      db.afterCommit(async () => told.push(`outer sees ${await system.dishes.count()}`))
      await db.dishes.create({ name: 'a', cook: ann.id })
      await db.transaction(async (inner) => inner.afterCommit(() => told.push('inner')))
      const failing = db.transaction(async (inner) => {
        inner.afterCommit(() => told.push('never'))
        throw new Error('inner')
      })
      await assert.rejects(failing, /inner/)
      assert.deepEqual(told, [])
    })
    assert.deepEqual(told, ['outer sees 1', 'inner'])
    const failing = system.transaction(async (db) => {
      db.afterCommit(() => told.push('never'))
      throw new Error('outer')
    })
    await assert.rejects(failing, /outer/)
    assert.equal(told.length, 2)
  },
}
