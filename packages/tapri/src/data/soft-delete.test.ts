import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import { belongsTo, hasMany, model, openDatabase, type Policy, ReadSet, softDelete, text } from './index.ts'

const models = {
  users: model({ name: text() }),
  notes: model({
    text: text({ unique: true }),
    owner: belongsTo('users'),
    deletedAt: softDelete(),
    marks: hasMany('marks', 'note'),
  }),
  marks: model({ note: belongsTo('notes', { onDelete: 'cascade' }) }),
}
const mine = ({ user, rows }: any) => user !== null && rows({ owner: user.id })
const policies: readonly Policy[] = [
  { model: 'notes', rules: { read: () => true, create: mine, update: mine, delete: mine } },
  { model: 'marks', rules: { read: ({ rows }: any) => rows({ note: { text: { not: '' } } }), create: () => true } },
]

async function openDesk() {
  const clock = manualClock()
  const database = await openDatabase({ models, policies, url: 'sqlite::memory:', migrate: 'auto', clock })
  const system = database.systemDb<typeof models>()
  const ann = await system.users.create({ name: 'ann' })
  const bob = await system.users.create({ name: 'bob' })
  const note = await system.notes.create({ text: 'One', owner: ann.id })
  const as = (user: typeof ann, reads?: ReadSet) => database.asCaller<typeof models>({ user }, reads && { reads })
  return { database, system, clock, ann, bob, note, as, [Symbol.asyncDispose]: () => database.close() }
}

test('a deleted row is gone from every read, and stays in the table with its moment', async () => {
  await using desk = await openDesk()
  const { system, ann, note, clock } = desk
  const mark = await system.marks.create({ note: note.id })
  for (const db of [desk.as(ann), system]) {
    assert.equal(note.deletedAt, null)
    assert.equal((await db.marks.find({ with: { note: true } })).length, 1)
  }
  await desk.as(ann).notes.delete(note.id)
  for (const db of [desk.as(ann), system]) {
    assert.deepEqual(await db.notes.find(), [])
    assert.equal(await db.notes.count(), 0)
    assert.equal(await db.notes.first({ where: { deletedAt: { not: null } } }), null)
    assert.deepEqual(await db.notes.groupBy({ by: [], count: true }), [{ count: 0 }])
    await assert.rejects(db.notes.get(note.id), { code: 'TAPRI_NOT_FOUND' })
    await assert.rejects(db.notes.update(note.id, { text: 'Two' }), { code: 'TAPRI_NOT_FOUND' })
    await assert.rejects(db.notes.delete(note.id), { code: 'TAPRI_NOT_FOUND' })
    await assert.rejects(db.marks.create({ note: note.id }), { code: 'TAPRI_DATA_NO_SUCH_ROW' })
    assert.equal(await db.marks.count({ where: { note: { text: 'One' } } }), 0)
    assert.deepEqual(await db.marks.find({ with: { note: true } }), [])
  }
  // a policy that asks the note finds none, and nobody took the mark along
  assert.equal(await desk.as(ann).marks.count(), 0)
  assert.equal((await system.marks.get(mark.id)).note, note.id)
  const kept = await system.notes.get(note.id, { withDeleted: true })
  assert.equal(kept.deletedAt?.getTime(), clock.now())
  assert.equal(await system.notes.count({ withDeleted: true }), 1)
  await assert.rejects(desk.as(ann).notes.find({ withDeleted: true }), { code: 'TAPRI_DATA_QUERY' })
  await assert.rejects(system.notes.create({ text: 'One', owner: ann.id }), { code: 'TAPRI_DATA_NOT_UNIQUE' })
})

test('who may delete a row may restore it', async () => {
  await using desk = await openDesk()
  const { ann, bob, note, database } = desk
  const reads = new ReadSet()
  await desk.as(bob, reads).notes.find()
  const touched = async () =>
    (await database.changes.since(database.changes.position() - 1, 1))[0]?.changes.some((each) => reads.touchedBy(each))
  assert.equal(await desk.as(ann).notes.deleteWhere({}), 1)
  assert.equal(await touched(), true)
  await assert.rejects(desk.as(bob).notes.restore(note.id), { code: 'TAPRI_DENIED' })
  assert.equal((await desk.as(ann).notes.restore(note.id)).deletedAt, null)
  assert.equal(await touched(), true)
  assert.equal(await desk.as(bob).notes.count(), 1)
  assert.equal((await desk.as(ann).notes.restore(note.id)).text, 'One')
  await assert.rejects(desk.as(ann).users.restore(ann.id), { code: 'TAPRI_DATA_QUERY' })
})

test('only asSystem deletes forever, also what is marked already', async () => {
  await using desk = await openDesk()
  const { system, ann, note } = desk
  const other = await system.notes.create({ text: 'Two', owner: ann.id })
  await system.marks.create({ note: note.id })
  await system.notes.delete(note.id)
  await assert.rejects(desk.as(ann).notes.delete(other.id, { forever: true }), { code: 'TAPRI_DATA_QUERY' })
  assert.equal(await system.notes.deleteWhere({ deletedAt: { not: null } }, { forever: true }), 1)
  await system.notes.delete(other.id, { forever: true })
  assert.equal(await system.notes.count({ withDeleted: true }), 0)
  assert.equal(await system.marks.count(), 0)
})

test('nobody writes the moment', async () => {
  await using desk = await openDesk()
  const { ann, note } = desk
  const given: any = { text: 'x', owner: ann.id, deletedAt: new Date() }
  await assert.rejects(desk.as(ann).notes.create(given), { code: 'TAPRI_INVALID' })
  await assert.rejects(desk.as(ann).notes.update(note.id, given), { code: 'TAPRI_INVALID' })
})
