import assert from 'node:assert/strict'
import type { Claims } from './place.ts'

/** Rows that name each other. */
export const relationClaims: Claims = {
  'with loads what is named, both ways': async ({ system, ann, bob }) => {
    const one = await system.books.create({ title: 'a', owner: ann.id, lender: bob.id })
    const two = await system.books.create({ title: 'b', owner: bob.id })
    await system.marks.create({ page: 1, book: one.id, user: bob.id })
    await system.marks.create({ page: 2, book: one.id, user: ann.id })
    const found = await system.books.find({ with: { owner: true, lender: true, pagesRead: true } })
    assert.deepEqual(
      found.map((book) => [book.owner.name, book.lender?.name, book.pagesRead.map(({ page }) => page)]),
      [
        ['ann', 'bob', [1, 2]],
        ['bob', undefined, []],
      ],
    )
    assert.deepEqual(
      (await system.books.find({ where: { owner: { name: 'bob' } } })).map(({ id }) => id),
      [two.id],
    )
    assert.equal(await system.marks.count({ where: { book: { lender: { name: { startsWith: 'b' } } } } }), 2)
    assert.equal(await system.books.count({ where: { not: { lender: { name: 'bob' } } } }), 1)
  },

  'a relation to no row is refused with the name of the field': async ({ system, ann }) => {
    const gone: any = '019a9f3e-8c1b-7a53-9d0e-3f1c7b2a4e55'
    const refusal = { code: 'TAPRI_DATA_NO_SUCH_ROW', status: 422, message: /owner/ }
    await assert.rejects(system.books.create({ title: 'a', owner: gone }), refusal)
    const book = await system.books.create({ title: 'a', owner: ann.id })
    await assert.rejects(system.books.update(book.id, { owner: gone }), refusal)
  },

  'rows that name no row are told so before it is told that a key is taken twice': async ({ system, ann }) => {
    const gone: any = '019a9f3e-8c1b-7a53-9d0e-3f1c7b2a4e55'
    const mark = { book: gone, user: ann.id, page: 1 }
    const refusal = { code: 'TAPRI_DATA_NO_SUCH_ROW' }
    // few go out with what others make at the same moment, many in a transaction of their own
    for (const length of [2, 501]) await assert.rejects(system.marks.createMany(Array.from({ length }, () => mark)), refusal)
    await assert.rejects(
      system.transaction((db: typeof system) => db.marks.createMany([mark, mark])),
      refusal,
    )
    assert.equal(await system.marks.count(), 0)
  },

  'deleting cascades, forgets or refuses': async ({ system, ann, bob }) => {
    const book = await system.books.create({ title: 'a', owner: ann.id, lender: bob.id })
    const first = await system.marks.create({ page: 1, book: book.id, user: bob.id })
    await system.marks.create({ page: 2, book: book.id, user: ann.id, after: first.id })
    await assert.rejects(system.users.delete(ann.id), { code: 'TAPRI_DATA_STILL_USED', status: 409 })
    await system.users.delete(bob.id)
    assert.equal((await system.books.get(book.id)).lender, null)
    assert.equal(await system.marks.count(), 0)
    await system.books.delete(book.id)
    await system.users.delete(ann.id)
    assert.equal(await system.users.count(), 0)
  },

  'what goes with a row goes whole or not at all, also when it is much': async ({ system, database, ann, bob }) => {
    const book = await system.books.create({ title: 'a', owner: ann.id })
    const marks = await system.marks.createMany(
      Array.from({ length: 1100 }, (_, page) => ({ page, book: book.id, user: bob.id })),
    )
    const [first, last] = [marks[0]?.id, marks.at(-1)?.id]
    assert.ok(first && last)
    // a ring, and one of somebody else that goes with it
    await system.marks.update(first, { after: last })
    await system.marks.update(last, { after: first })
    await system.marks.create({ page: 1, book: book.id, user: ann.id, after: last })
    const lent = { title: 'b', owner: ann.id, lender: bob.id }
    await system.books.createMany(Array.from({ length: 600 }, () => lent))
    const holding = await system.books.create({ title: 'c', owner: bob.id, lender: bob.id })
    const used = { code: 'TAPRI_DATA_STILL_USED', status: 409, message: /"owner" of 1 row of books needs it/ }
    await assert.rejects(system.users.delete(bob.id), used)
    assert.deepEqual([await system.marks.count(), await system.books.count({ where: { lender: bob.id } })], [1101, 601])

    const position = await database.changes.settled()
    await system.transaction(async (db) => {
      await assert.rejects(db.users.delete(bob.id), used)
      await db.books.delete(holding.id)
      await db.users.delete(bob.id)
    })
    assert.deepEqual([await system.marks.count(), await system.users.count()], [0, 1])
    assert.equal(await system.books.count({ where: { title: 'b', lender: null } }), 600)
    const [commit] = await database.changes.since(position, 10)
    const told = commit?.changes.map(({ model, before, after }) => [model, before?.title, after === null ? 'gone' : after.lender])
    const count = (...change: readonly unknown[]) => told?.filter((each) => String(each) === String(change)).length
    assert.deepEqual(
      [
        count('marks', undefined, 'gone'),
        count('books', 'b', null),
        count('books', 'c', 'gone'),
        count('users', undefined, 'gone'),
      ],
      [1101, 600, 1, 1],
    )
  },

  'a row that is deleted while another one comes to name it leaves nothing that names nothing': async ({ system, ann }) => {
    for (let round = 0; round < 10; round++) {
      const book = await system.books.create({ title: 'a', owner: ann.id })
      const marking = (page: number) => system.marks.create({ page, book: book.id, user: ann.id })
      const [one, , other] = await Promise.allSettled([marking(1), system.books.delete(book.id), marking(2)])
      for (const outcome of [one, other]) {
        if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'TAPRI_DATA_NO_SUCH_ROW')
      }
      assert.deepEqual([await system.books.count(), await system.marks.count()], [0, 0])
    }
  },
}
