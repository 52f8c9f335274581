import assert from 'node:assert/strict'
import type { Commit } from '../changes.ts'
import type { Claims } from './place.ts'

/** The log of what was committed. */
export const logClaims: Claims = {
  'listeners hear of each commit before its write answers, with the rows as they were and are': async (shelf) => {
    const { system, ann, database } = shelf
    const heard: Commit[] = []
    database.changes.subscribe((commit) => heard.push(commit))
    const start = await database.changes.settled()
    const book = await system.books.create({ title: 'a', owner: ann.id, words: ['x'], read: new Date(5) })
    assert.equal(heard.length, 1)
    const after = await system.books.update(book.id, { title: 'b' })
    await system.books.delete(book.id)
    const change = { model: 'books', id: book.id }
    assert.deepEqual(
      heard.map(({ changes }) => changes),
      [
        [{ ...change, before: null, after: book }],
        [{ ...change, before: book, after }],
        [{ ...change, before: after, after: null }],
      ],
    )
    assert.deepEqual(await database.changes.since(start, 10), heard)
    assert.equal(database.changes.position(), heard.at(-1)?.position)
  },

  'what many write at once is heard once each, in the order of the log, rows before what names them': async (shelf) => {
    const { system, ann, database } = shelf
    const heard: Commit[] = []
    database.changes.subscribe((commit) => heard.push(commit))
    const start = await database.changes.settled()
    const write = async (number: number) => {
      const book = await system.books.create({ title: String(number), owner: ann.id })
      await Promise.all([1, 2].map((page) => system.marks.create({ page, book: book.id, user: ann.id })))
    }
    await Promise.all(Array.from({ length: 20 }, (_, number) => write(number)))
    const positions = heard.map(({ position }) => position)
    assert.deepEqual(
      positions,
      positions.toSorted((one, other) => one - other),
    )
    assert.equal(new Set(positions).size, 60)
    assert.deepEqual(await database.changes.since(start, 100), heard)
    const known = new Set<unknown>()
    for (const change of heard.flatMap(({ changes }) => changes)) {
      if (change.model === 'marks') assert.ok(known.has(change.after?.book))
      known.add(change.id)
    }
  },

  'a listener inside of the transaction writes in the same commit, and can refuse it': async ({ system, database }) => {
    let refuses = false
    database.duringTransaction(async (changes, db) => {
      await db.users?.create({ name: `${changes.length} changes`, email: 'log@shelf.test' } as any)
      if (refuses) throw new Error('refused')
    })
    const commits: Commit[] = []
    database.changes.subscribe((commit) => commits.push(commit))
    await system.words.create({ word: 'x' })
    assert.deepEqual(
      commits.map(({ changes }) => changes.map(({ model }) => model)),
      [['words', 'users']],
    )
    refuses = true
    const [user] = await system.users.find({ where: { name: '1 changes' } })
    assert.ok(user)
    await assert.rejects(system.words.create({ word: 'y' }))
    assert.deepEqual([await system.words.count(), commits.length], [1, 1])
  },

  'the log forgets in time, and says so': async ({ system, database, clock }) => {
    const { id } = await system.words.create({ word: '0' })
    clock.advance(25 * 3_600_000)
    for (let number = 1; number <= 300; number++) await system.words.update(id, { word: String(number) })
    const last = await database.changes.settled()
    const gone = { code: 'TAPRI_DATA_CHANGES_GONE', status: 410 }
    await assert.rejects(database.changes.since(0, 10), gone)
    await assert.rejects(database.changes.since(last + 1, 10), gone)
    assert.deepEqual(await database.changes.since(last, 10), [])
  },
}
