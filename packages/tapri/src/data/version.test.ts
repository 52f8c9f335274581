import assert from 'node:assert/strict'
import { test } from 'node:test'
import { belongsTo, guarded, manyToMany, model, openDatabase, optional, private as secret, text, version } from './index.ts'

const models = {
  pages: model({
    text: text({ min: 1 }),
    version: version(),
    parent: optional(belongsTo('pages', { onDelete: 'null' })),
    tags: manyToMany('tags'),
  }),
  tags: model({ name: text() }),
}

async function openWiki() {
  const database = await openDatabase({ models, policies: [], url: 'sqlite::memory:', migrate: 'auto' })
  return { database, [Symbol.asyncDispose]: () => database.close() }
}

test('a version counts the changes of a row, and only those', async () => {
  await using wiki = await openWiki()
  const { database } = wiki
  const { pages, tags } = database.systemDb<typeof models>()
  const page = await pages.create({ text: 'One' })
  assert.equal(page.version, 1)
  assert.equal((await pages.update(page.id, { text: 'Two' })).version, 2)
  assert.equal((await pages.update(page.id, { text: 'Two' })).version, 2)
  const tag = await tags.create({ name: 'tea' })
  assert.equal((await pages.update(page.id, { tags: { add: [tag.id] } })).version, 3)
  await pages.updateWhere({}, { text: 'Three' })
  assert.equal((await pages.get(page.id)).version, 4)
  const parent = await pages.create({ text: 'Parent' })
  await pages.update(page.id, { parent: parent.id })
  await pages.delete(parent.id)
  assert.equal((await pages.get(page.id)).version, 6)
})

test('of two changes made from the same version one is refused', async () => {
  await using wiki = await openWiki()
  const { pages } = wiki.database.systemDb<typeof models>()
  const { id, version: read } = await pages.create({ text: 'One' })
  const outcomes = await Promise.allSettled([1, 2, 3].map((each) => pages.update(id, { text: `By ${each}` }, { version: read })))
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.version : outcome.reason.code)),
    [2, 'TAPRI_DATA_STALE', 'TAPRI_DATA_STALE'],
  )
  assert.equal((await pages.get(id)).text, 'By 1')
  await assert.rejects(pages.update(id, { text: 'x' }, { version: 1 }), { code: 'TAPRI_DATA_STALE', status: 409 })
})

test('nobody writes a version', async () => {
  await using wiki = await openWiki()
  const { pages, tags } = wiki.database.systemDb<typeof models>()
  const page = await pages.create({ text: 'One' })
  const given: any = { text: 'Two', version: 9 }
  await assert.rejects(pages.create(given), { code: 'TAPRI_INVALID' })
  await assert.rejects(pages.update(page.id, given), { code: 'TAPRI_INVALID' })
  const tag = await tags.create({ name: 'tea' })
  await assert.rejects(tags.update(tag.id, { name: 'x' }, { version: 1 }), { code: 'TAPRI_DATA_QUERY' })
  await assert.rejects(pages.update(page.id, { text: 'x' }, { version: '1' as any }), { code: 'TAPRI_DATA_QUERY' })
  const twice = { pages: model({ one: version(), two: version() }) }
  await assert.rejects(openDatabase({ models: twice, policies: [], url: 'sqlite::memory:', migrate: 'auto' }), {
    code: 'TAPRI_DATA_MODEL',
  })
})

test('a version that the caller may not read is not told by refusing another', async () => {
  for (const hide of [secret, guarded]) {
    const models = { pages: model({ text: text(), version: hide(version()) }) }
    const open = { read: () => true, update: () => true }
    const policies = [{ model: 'pages', rules: open }]
    const database = await openDatabase({ models, policies, url: 'sqlite::memory:', migrate: 'auto' })
    const page = await database.systemDb<typeof models>().pages.create({ text: 'One' })
    const { pages } = database.asCaller<typeof models>({ user: null })
    await assert.rejects(pages.update(page.id, { text: 'Two' }, { version: 77 }), {
      code: 'TAPRI_DATA_STALE',
      message: 'Cannot change the row of pages: it has another version now, not 77',
    })
    await database.close()
  }
})
