import assert from 'node:assert/strict'
import type { Claims } from './place.ts'

const denied = { code: 'TAPRI_DENIED', status: 403 }
const missing = { code: 'TAPRI_NOT_FOUND', status: 404 }

/** Who may do what, whichever way it is asked. */
export const policyClaims: Claims = {
  'a caller reads, counts and filters the open rows alone': async ({ system, as, ann, bob }) => {
    const hidden = await system.books.create({ title: 'hidden', owner: ann.id })
    const open = await system.books.create({ title: 'open', open: true, owner: ann.id })
    for (const caller of [bob, null]) {
      const { books } = as(caller)
      assert.deepEqual(
        (await books.find()).map(({ id }) => id),
        [open.id],
      )
      assert.equal(await books.count({ where: { title: { not: 'open' } } }), 0)
      await assert.rejects(books.get(hidden.id), missing)
      assert.equal('note' in (await books.get(open.id)), false)
    }
    assert.equal(await as(ann).books.count(), 2)
  },

  'a model without a policy is nobody’s': async ({ system, as, ann }) => {
    await system.words.create({ word: 'x' })
    assert.equal(await as(ann).words.count(), 0)
    await assert.rejects(as(ann).words.create({ word: 'y' }), denied)
  },

  'only who may write a row learns that its key is taken': async ({ system, as, ann, bob }) => {
    const book = await system.books.create({ title: 'a', open: true, owner: ann.id })
    await system.marks.create({ page: 1, book: book.id, user: ann.id })
    const { marks } = as(bob)
    const on = ['book', 'user', 'page'] as const
    for (const page of [1, 2]) {
      const hers = { page, book: book.id, user: ann.id }
      await assert.rejects(marks.create(hers), denied)
      await assert.rejects(marks.createMany([hers]), denied)
      await assert.rejects(marks.upsert(hers, { on }), denied)
    }
    const own = { page: 1, book: book.id, user: bob.id }
    await marks.create(own)
    await assert.rejects(marks.create(own), { code: 'TAPRI_DATA_NOT_UNIQUE', status: 409, message: /book and user and page/ })
    assert.equal(await system.marks.count(), 2)
  },

  'writes are checked before and after, on the row and on those that it names': async ({ system, as, ann, bob }) => {
    await assert.rejects(as(bob).books.create({ title: 'a', owner: ann.id }), denied)
    const book = await as(ann).books.create({ title: 'a', owner: ann.id })
    await assert.rejects(as(bob).books.update(book.id, { title: 'b' }), missing)
    await assert.rejects(as(ann).books.update(book.id, { owner: bob.id }), denied)
    // what may not be read is not there, to be named either
    const unknown = { code: 'TAPRI_DATA_NO_SUCH_ROW', status: 422 }
    await assert.rejects(as(bob).marks.create({ page: 1, book: book.id, user: bob.id }), unknown)
    await as(ann).books.update(book.id, { open: true })
    await as(bob).marks.create({ page: 1, book: book.id, user: bob.id })
    await assert.rejects(as(bob).books.delete(book.id), denied)
    assert.deepEqual([await system.books.count(), await system.marks.count()], [1, 1])
    assert.equal((await system.books.get(book.id)).owner, ann.id)
  },
}
