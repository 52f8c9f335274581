import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  belongsTo,
  bool,
  email,
  hasMany,
  private as hidden,
  int,
  json,
  type Models,
  model,
  openDatabase,
  optional,
  scratchDatabase,
  text,
  time,
  was,
} from 'tapri/data'
import app from '../src/app.ts'

const mine = belongsTo('users', { onDelete: 'cascade' })
const source = { id: 'f1', name: 'kites.mp4', type: 'video/mp4', size: 3, key: 'f1' }

/** Films of people, before there were videos. A stored file is kept as JSON. */
const films: Models = {
  users: model({ name: text({ max: 40 }), mail: hidden(email({ unique: true })), films: hasMany('films', 'owner') }),
  films: model({ name: text({ max: 120 }), source: json(), owner: mine }),
}

/** Films became videos that can be commented on. */
const videos: Models = {
  users: model({
    name: text({ max: 60 }),
    email: hidden(was('mail', email({ unique: true }))),
    videos: hasMany('videos', 'owner'),
  }),
  videos: model(
    { title: was('name', text({ max: 120 })), source: json(), published: bool({ default: true }), owner: mine },
    { was: 'films' },
  ),
  comments: model({ text: optional(text()), video: belongsTo('videos', { onDelete: 'cascade' }), author: mine }),
}

/** Comments tell something, likes came, and videos count their views. */
const likes: Models = {
  ...videos,
  users: model({ name: text({ max: 60 }), email: hidden(email({ unique: true })), about: optional(text()) }),
  videos: model(
    {
      title: text({ max: 120 }),
      description: optional(text()),
      source: json(),
      published: bool({ default: true }),
      views: int({ default: 0 }),
      at: time({ default: 'now' }),
      owner: mine,
    },
    { index: [['title']] },
  ),
  comments: model({ text: text({ default: '' }), video: belongsTo('videos', { onDelete: 'cascade' }), author: mine }),
  likes: model({ video: belongsTo('videos', { onDelete: 'cascade' }), user: mine }, { unique: [['video', 'user']] }),
}

const stages = [films, videos, likes, app.description.models]

/** Opens, works, closes: like one run of the app of that time, whose models are its own. */
async function run<T>(url: string, models: Models, work: (db: any) => Promise<T>): Promise<T> {
  const database = await openDatabase({ models, policies: [], url, migrate: 'auto' })
  try {
    const result = await work(database.asSystem)
    assert.deepEqual(
      (await database.plan()).steps.filter((step) => step.needed),
      [],
    )
    return result
  } finally {
    await database.close()
  }
}

/** What the app of a stage has of ann and her video. */
async function write(db: any, stage: number): Promise<string> {
  const ann = await db.users.create({ name: 'ann', [stage === 0 ? 'mail' : 'email']: 'ann@tube.test' })
  if (stage === 0) return (await db.films.create({ name: 'Kites', source, owner: ann.id })).id
  const video = await db.videos.create({ title: 'Kites', source, owner: ann.id })
  await db.comments.create({ text: 'high', video: video.id, author: ann.id })
  if (stage === 2) await db.likes.create({ video: video.id, user: ann.id })
  return video.id
}

/** What today's app has of it. */
async function check(db: any, id: string, stage: number): Promise<void> {
  const video = await db.videos.get(id, { with: { owner: true, comments: true } })
  assert.deepEqual([video.title, video.description, video.published, video.views], ['Kites', '', true, 0])
  assert.deepEqual([video.source.name, video.owner.name, video.owner.email], ['kites.mp4', 'ann', 'ann@tube.test'])
  assert.equal(video.comments.length, stage === 0 ? 0 : 1)
  assert.equal(await db.likes.count(), stage === 2 ? 1 : 0)
  assert.equal((await db.videos.find({ search: 'kite' })).length, 1)
  await assert.rejects(db.users.create({ name: 'eve', email: 'ann@tube.test' }), { code: 'TAPRI_DATA_NOT_UNIQUE' })
  await db.users.delete(video.owner.id)
  assert.equal(await db.videos.count(), 0)
}

for (const name of ['SQLite', 'PostgreSQL', 'MariaDB', 'MySQL', 'MongoDB']) {
  const variable = `TEST_${name === 'PostgreSQL' ? 'POSTGRES' : name.toUpperCase()}_URL`
  const server = process.env[variable]
  const skip = name !== 'SQLite' && server === undefined && `set ${variable}`
  test(`${name}: the data of every earlier VideoTube come to today's`, { skip }, async () => {
    for (const first of [0, 1, 2]) {
      const folder = mkdtempSync(join(tmpdir(), 'tapri-'))
      const scratch = server === undefined ? undefined : await scratchDatabase(server)
      const url = scratch?.url ?? `sqlite:${join(folder, 'app.db')}`
      try {
        const id = await run(url, stages[first] ?? {}, (db) => write(db, first))
        for (const models of stages.slice(first + 1, -1)) await run(url, models, async () => {})
        await run(url, app.description.models, (db) => check(db, id, first))
      } finally {
        await scratch?.dispose()
        rmSync(folder, { recursive: true })
      }
    }
  })
}
