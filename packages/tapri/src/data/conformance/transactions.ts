import assert from 'node:assert/strict'
import { add } from '../index.ts'
import type { Claims } from './place.ts'

/** All or nothing, and nobody in between. */
export const transactionClaims: Claims = {
  'a transaction that fails leaves nothing, of what it did and of what joined it': async ({ system, ann, database }) => {
    const position = await database.changes.settled()
    const failing = system.transaction(async (db) => {
      await db.books.create({ title: 'a', owner: ann.id })
      await db.transaction((inner) => inner.books.create({ title: 'b', owner: ann.id }))
      assert.equal(await db.books.count(), 2)
      throw new Error('no')
    })
    await assert.rejects(failing, /no/)
    assert.equal(await system.books.count(), 0)
    assert.equal(await database.changes.settled(), position)
    assert.deepEqual(await database.changes.since(position, 10), [])
  },

  'a write that is refused and caught leaves the rest of the transaction': async ({ system, ann }) => {
    await system.transaction(async (db) => {
      await db.books.create({ title: 'kept', owner: ann.id })
      await assert.rejects(db.users.create({ name: 'x', email: 'ann@shelf.test' }), { code: 'TAPRI_DATA_NOT_UNIQUE' })
      const inner = db.transaction(async (nested) => {
        await nested.books.create({ title: 'lost', owner: ann.id })
        throw new Error('inner')
      })
      await assert.rejects(inner, /inner/)
    })
    assert.deepEqual(
      (await system.books.find()).map(({ title }) => title),
      ['kept'],
    )
  },

  'nobody sees a part of a transaction': async ({ system, ann }) => {
    const inside = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const writing = system.transaction(async (db) => {
      await db.books.create({ title: 'a', owner: ann.id })
      inside.resolve()
      await goOn.promise
      await db.books.create({ title: 'b', owner: ann.id })
    })
    await inside.promise
    // a database may answer with what was before, or wait for the end
    const seen = system.books.count()
    goOn.resolve()
    await writing
    assert.notEqual(await seen, 1)
    assert.equal(await system.books.count(), 2)
  },

  'of 200 additions at once none is lost': async ({ system, ann }) => {
    const { id } = await system.books.create({ title: 'a', owner: ann.id })
    await Promise.all(Array.from({ length: 200 }, () => system.books.update(id, { pages: add(1) })))
    assert.equal((await system.books.get(id)).pages, 200)
  },

  'of 50 transactions that read and write one row none is lost': async ({ system, ann }) => {
    const { id } = await system.books.create({ title: 'a', owner: ann.id })
    const once = () =>
      system.transaction(async (db) => {
        const { pages } = await db.books.get(id)
        await db.books.update(id, { pages: pages + 1 })
      })
    await Promise.all(Array.from({ length: 50 }, once))
    assert.equal((await system.books.get(id)).pages, 50)
  },

  'two transactions that each rely on what the other changes do not both pass unseen': async ({ system, ann }) => {
    const make = () => system.books.create({ title: 'on call', open: true, owner: ann.id })
    for (let round = 0; round < 10; round++) {
      const { id: one } = await make()
      const { id: other } = await make()
      const leave = (id: typeof one) =>
        system.transaction(async (db) => {
          if ((await db.books.count({ where: { open: true } })) > 1) await db.books.update(id, { open: false })
        })
      await Promise.all([leave(one), leave(other)])
      assert.equal(await system.books.count({ where: { open: true } }), 1)
      await system.books.delete(one)
      await system.books.delete(other)
    }
  },

  'transactions that lock rows in opposite orders both end': async ({ system, ann }) => {
    const [one, other] = await Promise.all(['a', 'b'].map((title) => system.books.create({ title, owner: ann.id })))
    assert.ok(one && other)
    const both = (first: typeof one, second: typeof one) =>
      system.transaction(async (db) => {
        await db.books.update(first.id, { pages: add(1) })
        await db.books.update(second.id, { pages: add(1) })
      })
    await Promise.all([both(one, other), both(other, one), both(one, other), both(other, one)])
    assert.deepEqual(
      (await system.books.find()).map(({ pages }) => pages),
      [4, 4],
    )
  },

  'of many that want the same unique value one gets it': async ({ system }) => {
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => system.words.create({ word: 'x' })))
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    assert.equal(refused.length, 19)
    for (const { reason } of refused) assert.equal(reason.code, 'TAPRI_DATA_NOT_UNIQUE')
  },

  'nothing is committed while somebody holds the database': async ({ system, ann, database }) => {
    const inside = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const held = database.exclusive(async () => {
      const before = await system.books.count()
      inside.resolve()
      await goOn.promise
      return [before, await system.books.count()]
    })
    await inside.promise
    const writing = system.books.create({ title: 'a', owner: ann.id })
    goOn.resolve()
    assert.deepEqual(await held, [0, 0])
    await writing
    assert.equal(await system.books.count(), 1)
  },

  'it says that it answers, and after its end that it is closed': async ({ system, database }) => {
    assert.deepEqual(await database.health(), { answers: true })
    await database.close()
    await assert.rejects(system.books.find(), { code: 'TAPRI_DATA_CLOSED', status: 503 })
    assert.equal((await database.health()).answers, false)
  },
}
