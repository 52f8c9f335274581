import assert from 'node:assert/strict'
import { test } from 'node:test'
import { belongsTo, file, hasMany, int, list, model, openDatabase, optional, pick, text } from './index.ts'

const open = (models: any, internal?: any) =>
  openDatabase({ models, policies: [], url: 'sqlite::memory:', migrate: 'auto', internal })
const refused = { code: 'TAPRI_DATA_MODEL' }

test('models that cannot work are refused when the database opens, with the reason', async () => {
  const a = model({ name: text() })
  const wrong: [any, RegExp][] = [
    [{ b: model({ a: belongsTo('nothing') }) }, /"nothing"/],
    [{ a, b: model({ as: hasMany('a', 'b') }) }, /belongsTo\('b'\)/],
    [{ a, b: model({ a: belongsTo('a', { onDelete: 'null' }) }) }, /optional/],
    [{ b: model({ id: text() }) }, /"id"/],
    [{ b: model({ and: text() }) }, /"and"/],
    [{ b: model({ 'x"; drop table b': text() }) }, /field/],
    [{ 'a b': a }, /name/],
    [{ transaction: a }, /name/],
    [{ tapri_a: a }, /name/],
    [{ sqlite_a: a }, /name/],
    [{ a, A: a }, /differ only in case/],
    [{ b: model({ name: text(), Name: text() }) }, /differ only in case/],
    [{ b: model({ name: text() }, { unique: [['nam']] } as any) }, /"nam"/],
    [{ b: model({ name: text() }, { index: [[]] }) }, /empty/],
    [{ b: model({ files: list(file({ accept: 'image/*', maxSize: 1 })) }) }, /list of file/],
  ]
  for (const [models, message] of wrong) await assert.rejects(open(models), { ...refused, message })
  await assert.rejects(open({ a }, { b: a }), refused)
  await assert.rejects(open({ a: model({ t: belongsTo('tapri_b') }) }, { tapri_b: a }), refused)
})

test('the framework’s own tables are for asSystem alone', async () => {
  const database = await open(
    { users: model({ name: text() }) },
    { tapri_sessions: model({ user: belongsTo('users', { onDelete: 'cascade' }), seen: optional(int()) }) },
  )
  const system = database.systemDb<any>()
  const user = await system.users?.create({ name: 'ann' } as any)
  await system.tapri_sessions?.create({ user: user?.id } as any)
  assert.equal(database.asCaller({ user: null }).tapri_sessions, undefined)
  assert.equal(await database.asCaller({ user: null }).asSystem('test').tapri_sessions?.count(), 1)
  await system.users?.delete(user?.id as any)
  assert.equal(await system.tapri_sessions?.count(), 0)
  assert.deepEqual(Object.keys(database.models), ['users', 'tapri_sessions'])
  await database.close()
})

test('pick takes the named fields and nothing else', () => {
  const videos = model({ title: text(), views: int(), comments: hasMany('comments', 'video') })
  assert.deepEqual(Object.keys(pick(videos, 'title')), ['title'])
  for (const name of ['titel', 'comments', 'constructor'] as any[]) assert.throws(() => pick(videos, name), refused)
  assert.ok(Object.isFrozen(videos))
})
