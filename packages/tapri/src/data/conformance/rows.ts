import assert from 'node:assert/strict'
import { add } from '../index.ts'
import type { Claims } from './place.ts'

const strange = ['', ' ', 'a ', 'a', 'A', 'é', 'e\u0301', '🏆', '\ue000', '\uffff', '%', '_', "'", '"', '\\', 'a\nb', '\t', '{}']

/** Rows one by one: what is written is what is read. */
export const rowClaims: Claims = {
  'a row has its defaults, and is read as it was made': async ({ system, ann, clock }) => {
    const book = await system.books.create({ title: 'a', owner: ann.id })
    const { open, pages, stars, bought, state, words, numbers, extra, lender } = book
    assert.deepEqual(
      { open, pages, stars, bought, state, words, numbers, extra, lender },
      {
        open: false,
        pages: 0,
        stars: null,
        bought: new Date(clock.now()),
        state: 'new',
        words: null,
        numbers: null,
        extra: null,
        lender: null,
      },
    )
    assert.deepEqual(await system.books.get(book.id), book)
    assert.deepEqual(await system.books.find(), [book])
  },

  'every value comes back as it went in': async ({ system, ann }) => {
    const owner = ann.id
    for (const title of strange) assert.equal((await roundTrip({ title })).title, title)
    for (const pages of [0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
      assert.equal((await roundTrip({ pages })).pages, pages)
    }
    for (const stars of [0.1, 0.1 + 0.2, 1e300, -1e-300, 5e-324, 1.7976931348623157e308, 1 / 3]) {
      assert.equal((await roundTrip({ stars })).stars, stars)
    }
    for (const moment of [0, 1, -1, 999, 1.7e12 + 123, 8.64e15, Date.UTC(0, 0, 1), -62_135_596_800_001, -7e13]) {
      const read = new Date(moment)
      assert.deepEqual((await roundTrip({ read })).read, read)
    }
    const extras = [{ b: 1, a: [null, true, 'x'] }, [], 'text', 0, false, { deep: { '': '\u0001🏆' } }]
    for (const extra of extras) assert.deepEqual((await roundTrip({ extra })).extra, extra)
    const lists = { words: strange, numbers: [0, -1.5, 1e21, 0.1], times: [new Date(5), new Date(-5)] }
    const { words, numbers, times } = await roundTrip(lists)
    assert.deepEqual({ words, numbers, times }, lists)
    assert.equal((await roundTrip({ printed: '2026-02-28' })).printed, '2026-02-28')

    async function roundTrip(values: object): Promise<any> {
      const { id } = await system.books.create({ title: 't', owner, ...values })
      return system.books.get(id)
    }
  },

  'an update changes what it names, and nothing that is the same': async ({ system, ann, database }) => {
    const book = await system.books.create({ title: 'a', owner: ann.id, words: ['x'] })
    const changed = await system.books.update(book.id, { title: 'b', pages: add(3), stars: 1.5 })
    assert.deepEqual(changed, { ...book, title: 'b', pages: 3, stars: 1.5 })
    assert.deepEqual(await system.books.get(book.id), changed)
    const position = await database.changes.settled()
    await system.books.update(book.id, { title: 'b', words: ['x'] })
    assert.equal(await database.changes.settled(), position)
  },

  'a row that is not there is not found': async ({ system, ann }) => {
    const book = await system.books.create({ title: 'a', owner: ann.id })
    await system.books.delete(book.id)
    const missing = { code: 'TAPRI_NOT_FOUND', status: 404 }
    await assert.rejects(system.books.get(book.id), missing)
    await assert.rejects(system.books.update(book.id, { title: 'b' }), missing)
    await assert.rejects(system.books.delete(book.id), missing)
  },

  'a unique field names itself when it is taken, in create and update': async ({ system, ann }) => {
    const taken = {
      code: 'TAPRI_DATA_NOT_UNIQUE',
      status: 409,
      message: /email/,
      issues: [{ path: ['email'], message: 'is taken' }],
    }
    await assert.rejects(system.users.create({ name: 'x', email: 'ann@shelf.test' }), taken)
    const other = await system.users.create({ name: 'x', email: 'x@shelf.test' })
    await assert.rejects(system.users.update(other.id, { email: 'ANN@shelf.test' }), taken)
    assert.equal((await system.users.get(other.id)).email, 'x@shelf.test')
    const book = await system.books.create({ title: 'a', owner: ann.id })
    await system.marks.create({ page: 1, book: book.id, user: ann.id })
    await assert.rejects(system.marks.create({ page: 1, book: book.id, user: ann.id }), {
      code: 'TAPRI_DATA_NOT_UNIQUE',
      message: /book and user and page/,
    })
  },

  'texts that differ in case, accents or a space at the end are different': async ({ system }) => {
    for (const word of strange) await system.words.create({ word })
    for (const word of strange) {
      assert.equal(await system.words.count({ where: { word } }), 1, JSON.stringify(word))
      await assert.rejects(system.words.create({ word }), { code: 'TAPRI_DATA_NOT_UNIQUE' })
    }
  },
}
