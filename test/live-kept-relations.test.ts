import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  belongsTo,
  hasMany,
  int,
  manyToMany,
  model,
  openDatabase,
  scratchDatabase,
  text,
} from '../packages/tapri/src/data/index.ts'
import { servers } from '../packages/tapri/src/data/servers.fixture.ts'
import { dice } from '../packages/tapri/src/live/kept/kept.fixture.ts'
import { KeptReads } from '../packages/tapri/src/live/kept/kept-reads.ts'
import type { Hold } from '../packages/tapri/src/live/kept/recording.ts'

const models = {
  videos: model({ title: text(), comments: hasMany('comments', 'video'), tags: manyToMany('tags') }),
  comments: model({ video: belongsTo('videos', { onDelete: 'cascade' }), text: text(), likes: int() }),
  tags: model({ name: text(), videos: manyToMany('videos') }),
}
const best = { orderBy: '-likes', limit: 2 } as const
const asked = { orderBy: '-title', with: { comments: best, tags: true }, limit: 30 } as const
const all = { orderBy: '-title', with: { comments: { where: { likes: { gt: 3 } } } } } as const

async function open(server: string) {
  const scratch = await scratchDatabase(server)
  const database = await openDatabase({ models, policies: [], url: scratch.url, migrate: 'auto' })
  const kept = new KeptReads()
  database.changes.subscribe((commit) => kept.onCommit(commit))
  const holds = new Map<object, Hold | undefined>()
  return {
    kept,
    system: database.asSystem as any,
    async read(query: object) {
      const recording = kept.begin()
      const db: any = database.systemDb({ reader: (own) => recording.reader(own) })
      const answer = JSON.stringify(await db.videos.find(query))
      const next = recording.keep(() => {})
      holds.get(query)?.release()
      holds.set(query, next)
      return { answer, asked: recording.askedDatabase }
    },
    async [Symbol.asyncDispose]() {
      await database.close()
      await scratch.dispose()
    },
  }
}

for (const { kind, server } of servers) {
  test(`rows with those that belong to them are kept for each of them, as a fresh read gives them, on ${kind}`, async () => {
    await using theatre = await open(server)
    const { system, read } = theatre
    const next = dice(5)
    const videos: string[] = []
    const comments: string[] = []
    const tags: string[] = []
    for (const name of ['a', 'b', 'c']) tags.push((await system.tags.create({ name })).id)
    const comment = () => ({ video: videos[next(videos.length)], text: 'Fine', likes: next(12) })
    for (let at = 0; at < 6; at++) videos.push((await system.videos.create({ title: `Video ${next(9)}` })).id)
    for (let at = 0; at < 60; at++) comments.push((await system.comments.create(comment())).id)
    let spared = 0
    for (let write = 0; write < 60; write++) {
      const id = comments[next(comments.length)] ?? ''
      const way = next(8)
      if (way === 0) videos.push((await system.videos.create({ title: `Video ${next(9)}`, tags: { add: [tags[next(3)]] } })).id)
      else if (way === 1) await system.videos.update(videos[next(videos.length)], { tags: { set: [tags[next(3)]] } })
      else if (way < 4) await system.comments.deleteWhere({ id })
      else if (way < 6) await system.comments.update(id, comment()).catch(() => comments.push(id))
      else comments.push((await system.comments.create(comment())).id)
      for (const query of [asked, all]) {
        const run = await read(query)
        assert.equal(run.answer, JSON.stringify(await system.videos.find(query)))
        if (!run.asked) spared++
      }
    }
    assert.ok(spared > 20, `${spared} of 120 runs asked nothing`)
  })
}

test('a list with one row more asks for what belongs to that one alone', async () => {
  await using theatre = await open('sqlite:')
  const { system, read, kept } = theatre
  for (let at = 0; at < 5; at++) {
    const { id } = await system.videos.create({ title: `Video ${at}` })
    for (let likes = 0; likes < 3; likes++) await system.comments.create({ video: id, text: 'Fine', likes })
  }
  await read(asked)
  const before = kept.figures.misses
  const { id } = await system.videos.create({ title: 'Video 9' })
  assert.equal((await read(asked)).answer, JSON.stringify(await system.videos.find(asked)))
  assert.equal(kept.figures.misses - before, 2, 'its comments and its tags')
  await system.comments.create({ video: id, text: 'First', likes: 9 })
  assert.deepEqual([(await read(asked)).asked, kept.figures.misses - before], [false, 2])
})

test('more rows than relations may have are refused as ever, and what was cut off is not kept', async () => {
  await using theatre = await open('sqlite:')
  const { system, read } = theatre
  const { id } = await system.videos.create({ title: 'Video' })
  const { id: other } = await system.videos.create({ title: 'Other' })
  const some = (video: string, count: number) => Array.from({ length: count }, () => ({ video, text: 'Fine', likes: 1 }))
  await system.comments.createMany(some(other, 6000))
  await system.comments.createMany(some(id, 5000))
  const query = { with: { comments: true } } as const
  await assert.rejects(read(query), { code: 'TAPRI_DATA_QUERY' })
  const one = { ...query, where: { id } }
  assert.equal((await read(one)).answer, JSON.stringify(await system.videos.find(one)))
  assert.equal((await read(one)).asked, false)
})
