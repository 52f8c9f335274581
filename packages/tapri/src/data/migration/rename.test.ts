import assert from 'node:assert/strict'
import { test } from 'node:test'
import { belongsTo, hasMany, int, list, manyToMany, model, optional, text, was } from '../index.ts'
import { everywhere, inFile, summaries, visit } from './everywhere.fixture.ts'

const users = model({ name: text({ unique: true }), posts: hasMany('posts', 'author') })
const posts = model(
  {
    title: text(),
    words: optional(list(text())),
    author: belongsTo('users', { onDelete: 'cascade' }),
    tags: manyToMany('tags'),
  },
  { unique: [['title', 'author']], search: ['title'] },
)
const tags = model({ word: text() })
const old = { users, posts, tags }

const today = {
  users: model({ handle: was('name', text({ unique: true })), posts: hasMany('articles', 'writer') }),
  articles: model(
    {
      heading: was('title', text()),
      words: optional(list(text())),
      writer: was('author', belongsTo('users', { onDelete: 'cascade' })),
      tags: manyToMany('tags'),
    },
    { unique: [['heading', 'writer']], search: ['heading'], was: 'posts' },
  ),
  tags,
}

everywhere('a rename keeps rows, values, unique names, relations, pairs and what is searched', async (url) => {
  const ids = await visit({ url, models: old }, async (db) => {
    const ann = await db.users.create({ name: 'ann' })
    const tag = await db.tags.create({ word: 'red' })
    const post = await db.posts.create({ title: 'Hello moon', author: ann.id, words: ['a'], tags: { add: [tag.id] } })
    return { ann: ann.id, post: post.id, tag: tag.id }
  })
  await visit({ url, models: today, migrate: 'plan' }, async (_db, database) => {
    const { steps } = await database.plan()
    assert.ok(steps.every((step) => step.safe && step.action.kind.startsWith('rename')))
    assert.deepEqual(summaries(steps).slice(0, 2), [
      'rename the table "posts" to "articles"',
      'rename the table "posts_tags" to "articles_tags"',
    ])
  })
  await visit({ url, models: today }, async (db, database) => {
    assert.deepEqual((await database.plan()).steps, [])
    const article = await db.articles.get(ids.post, { with: { writer: true, tags: true } })
    assert.deepEqual([article.heading, article.words, article.writer.handle], ['Hello moon', ['a'], 'ann'])
    assert.deepEqual(summaries(article.tags.map(({ word }: { word: string }) => ({ summary: word }))), ['red'])
    assert.equal((await db.articles.find({ search: 'moon' })).length, 1)
    await assert.rejects(db.articles.create({ heading: 'Hello moon', writer: ids.ann }), {
      code: 'TAPRI_DATA_NOT_UNIQUE',
      issues: [
        { path: ['heading'], message: 'is taken' },
        { path: ['writer'], message: 'is taken' },
      ],
    })
    await assert.rejects(db.users.create({ handle: 'ann' }), { code: 'TAPRI_DATA_NOT_UNIQUE' })
    await assert.rejects(db.articles.create({ heading: 'x', writer: ids.post }), { code: 'TAPRI_DATA_NO_SUCH_ROW' })
    await db.users.delete(ids.ann)
    assert.equal(await db.articles.count(), 0)
  })
  await visit({ url, models: today, migrate: 'refuse' }, (db) => db.users.create({ handle: 'bob' }))
})

everywhere('changes from before a rename are told by the names of today', async (url) => {
  const position = await visit({ url, models: old }, async (db, database) => {
    await db.users.create({ name: 'ann' })
    const start = await database.changes.settled()
    const [ann] = await db.users.find()
    await db.posts.create({ title: 'one', author: ann.id })
    return start
  })
  await visit({ url, models: today }, async (_db, database) => {
    const [commit] = await database.changes.since(position, 10)
    const change = commit?.changes.find(({ model: name }) => name === 'articles')
    assert.equal(change?.after?.heading, 'one')
    assert.equal('title' in (change?.after ?? {}), false)
  })
})

everywhere('a field that was renamed twice is found under either name', async (url) => {
  await visit({ url, models: { notes: model({ a: text() }) } }, (db) => db.notes.create({ a: 'kept' }))
  const models = { notes: model({ c: was('b', was('a', text())), n: int({ default: 1 }) }) }
  await visit({ url, models }, async (db) => assert.deepEqual((await db.notes.first()).c, 'kept'))
})

everywhere('a rename that is told of after the new field was made takes its place as long as it is empty', async (url) => {
  await visit({ url, models: { notes: model({ title: text() }) } }, (db) => db.notes.create({ title: 'kept' }))
  await visit({ url, models: { notes: model({ heading: optional(text()) }) } }, async () => {})
  await visit({ url, models: { notes: model({ heading: was('title', optional(text())) }) } }, async (db, database) => {
    assert.equal((await db.notes.first()).heading, 'kept')
    assert.deepEqual((await database.plan()).steps, [])
    await db.notes.create({ heading: null })
  })
})

test('status asks for what a rename will take, and calls nothing of it left over', () =>
  inFile(async (url) => {
    await visit({ url, models: { ...old, notes: model({ of: text() }) } }, async () => {})
    const models = { ...today, notes: model({ text: was('of', text()) }) }
    await visit({ url, models, migrate: 'plan' }, async (_db, database) => {
      const { missing, extra } = await database.migrations.status([])
      assert.ok(summaries(missing).includes('rename the table "posts" to "articles"'))
      assert.ok(summaries(missing).includes('rename the column "of" of "notes" to "text"'))
      assert.deepEqual(extra, [])
    })
  }))

test('a field that looks like a former one under another name comes with the way to say so', () =>
  inFile(async (url) => {
    await visit({ url, models: { notes: model({ title: text(), stars: int() }) } }, (db) =>
      db.notes.create({ title: 'a', stars: 1 }),
    )
    const models = { notes: model({ heading: text(), stars: int() }) }
    await assert.rejects(
      visit({ url, models }, async () => {}),
      {
        code: 'TAPRI_DATA_MIGRATION',
        message: /1 row would have no value in it: .*declare heading: was\('title', …\)/,
      },
    )
    const told = { notes: model({ heading: was('title', text()), stars: int() }) }
    await visit({ url, models: told }, async (db) => assert.equal((await db.notes.first()).heading, 'a'))
  }))

test('a former name that is still in use is refused', async () => {
  const refused = { code: 'TAPRI_DATA_MODEL', message: /was called like a field that it has besides/ }
  const models = { notes: model({ a: text(), b: was('a', text()) }) }
  await assert.rejects(
    visit({ url: 'sqlite::memory:', models }, async () => {}),
    refused,
  )
})
