import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Reader } from '../../data/index.ts'
import { dice, openSongs } from './kept.fixture.ts'

test('a run during which a commit changed what it read is not kept', async () => {
  await using stall = await openSongs()
  const { recording, db } = stall.begin()
  await db.songs.find()
  await stall.songs.create({ title: 'Meanwhile' })
  assert.equal(
    recording.keep(() => {}),
    undefined,
  )
  assert.equal(stall.kept.figures.entries, 0)
})

test('a run is not torn by commits that change nothing which it read', async () => {
  await using stall = await openSongs()
  const { recording, db } = stall.begin()
  const rows = await db.songs.find({ where: { title: 'Tea' } })
  await stall.songs.create({ title: 'Kites' })
  assert.ok(recording.keep(() => {}))
  const again = await stall.follow<any>((other) => other.songs.find({ where: { title: 'Tea' } }))
  assert.deepEqual([again.answer, again.asked], [rows, false])
})

test('a read that is under way is shared with who begins meanwhile', async () => {
  await using stall = await openSongs()
  await stall.songs.create({ title: 'Tea' })
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  const slow = stall.begin(gate)
  const first = slow.db.songs.find()
  const other = stall.begin()
  const second = other.db.songs.find()
  open()
  assert.deepEqual(await first, await second)
  assert.notEqual(await first, await second)
  assert.deepEqual([stall.kept.figures.misses, stall.kept.figures.hits], [1, 1])
  assert.ok(other.recording.keep(() => {}))
  slow.recording.forget()
  assert.equal((await stall.follow((db) => db.songs.find())).asked, false)
})

test('a read that is under way when a commit changes it is neither shared from then on nor kept', async () => {
  await using stall = await openSongs()
  await stall.songs.create({ title: 'Tea' })
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  const slow = stall.begin(gate)
  const old = slow.db.songs.find()
  await stall.songs.create({ title: 'Kites' })
  const late = await stall.follow<any>((db) => db.songs.find())
  assert.equal(late.answer.length, 2)
  await stall.songs.create({ title: 'Snow' })
  open()
  assert.equal((await old).length, 1)
  assert.equal(
    slow.recording.keep(() => {}),
    undefined,
  )
  const again = await stall.follow<any>((db) => db.songs.find())
  assert.deepEqual([again.answer.length, again.asked], [3, false])
})

test('a read that was under way at a commit is not what the next are answered with', async () => {
  await using stall = await openSongs()
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  const slow = stall.begin(gate)
  const old = slow.db.songs.find()
  await stall.songs.create({ title: 'Tea' })
  open()
  assert.equal((await old).length, 0)
  assert.equal((await stall.follow<any>((db) => db.songs.find())).answer.length, 1)
})

test('who waits for the read of another, who leaves, asks for itself', async () => {
  await using stall = await openSongs()
  await stall.songs.create({ title: 'Tea' })
  const { promise: gate, reject } = Promise.withResolvers<never>()
  const leaving = stall.begin(gate)
  const left = leaving.db.songs.find()
  const { recording, db } = stall.begin()
  const stays = db.songs.find()
  reject(new Error('left'))
  await assert.rejects(left, /left/)
  assert.equal((await stays).length, 1)
  leaving.recording.forget()
  assert.ok(recording.keep(() => {}))
})

test('who waits for a row in the list of another, who leaves, asks for that row itself', async () => {
  await using stall = await openSongs()
  const ids: string[] = []
  for (const title of ['Tea', 'Kites', 'Snow']) ids.push((await stall.songs.create({ title })).id)
  const { promise: gate, reject } = Promise.withResolvers<never>()
  const leaving = stall.begin(gate)
  const left = leaving.db.songs.find({ where: { id: { in: ids.slice(0, 2) } } })
  const { recording, db } = stall.begin()
  const stays = db.songs.find({ where: { id: { in: ids } } })
  const waits = db.songs.find({ where: { id: ids[0] } })
  reject(new Error('left'))
  await assert.rejects(left, /left/)
  assert.deepEqual([(await stays).length, (await waits).length], [3, 1])
  leaving.recording.forget()
  assert.ok(recording.keep(() => {}))
})

test('a commit that the database shows before the log tells of it tears the runs that may have seen it', async () => {
  await using stall = await openSongs()
  stall.delay()
  const position = stall.database.changes.position()
  const { recording, db } = stall.begin()
  await stall.songs.create({ title: 'Early' })
  assert.equal((await db.songs.find()).length, 1)
  const since = await stall.database.changes.since(position, 10)
  assert.equal(
    since.some((commit) => recording.touchedBy(commit)),
    true,
  )
  recording.forget()
  stall.announce()
  assert.deepEqual((await stall.follow((other) => other.songs.find())).answer, await stall.songs.find())
})

test('a commit of an unread column of a row that is kept whole tears too', async () => {
  await using stall = await openSongs()
  const { id } = await stall.songs.create({ title: 'Tea' })
  stall.delay()
  const position = stall.database.changes.position()
  const { recording, dbOf } = stall.begin()
  await dbOf(null).songs.find({ where: { id }, select: { title: true } })
  await stall.songs.update(id, { plays: 3 })
  const since = await stall.database.changes.since(position, 10)
  assert.equal(
    since.some((commit) => recording.touchedBy(commit)),
    true,
  )
  recording.forget()
})

test('a log that lags behind the database never lets an answer in that is of another moment', async () => {
  await using stall = await openSongs()
  stall.delay()
  const { changes } = stall.database
  const ids: string[] = []
  const next = dice(7)
  const queries = [
    { orderBy: '-plays', limit: 2 },
    { where: { plays: { gt: 5 } }, limit: 3, orderBy: 'plays' },
  ]
  const read = async (db: any) =>
    JSON.stringify([
      await Promise.all(queries.map((query) => db.songs.find(query))),
      await db.songs.count({ where: { plays: 3 } }),
    ])
  /** What was true at the moment that is announced. */
  let announced = await read(stall.database.asSystem)
  let latest = announced
  let position = changes.position()
  let kept: Awaited<ReturnType<typeof stall.follow>>['hold'] | undefined
  let spared = 0
  for (let write = 0; write < 600; write++) {
    const way = next(3)
    const values = { title: 'Song', plays: next(10) }
    if (way === 0 || ids.length < 4) ids.push((await stall.songs.create(values)).id)
    else if (way === 1) await stall.songs.update(ids[next(ids.length)] ?? '', values)
    else await stall.songs.delete(ids.splice(next(ids.length), 1)[0] ?? '')
    latest = await read(stall.database.asSystem)
    if (next(3) === 0) {
      stall.announce()
      position = changes.position()
      announced = latest
    }
    const { recording, db } = stall.begin()
    const answer = await read(db)
    const since = recording.askedDatabase ? await changes.since(position, 1000) : []
    if (since.some((commit) => recording.touchedBy(commit))) {
      recording.forget()
      continue
    }
    const before: typeof kept = kept
    kept = recording.keep(() => {})
    before?.release()
    assert.ok(kept)
    assert.equal(answer, announced)
    if (!recording.askedDatabase) spared++
  }
  assert.ok(spared > 100, `${spared} runs asked nothing`)
})

test('what a handler leaves behind reads on without being kept', async () => {
  await using stall = await openSongs()
  await stall.songs.create({ title: 'Tea' })
  const { recording, db } = stall.begin()
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  const slow = stall.begin(gate)
  const underWay = slow.db.songs.find()
  slow.recording.forget()
  recording.forget()
  open()
  assert.deepEqual([await db.songs.count(), (await underWay).length], [1, 1])
  const left = stall.kept.begin()
  let held: Reader | undefined
  const reader = (own: Reader) => {
    held ??= left.reader(own)
    return held
  }
  const last: any = stall.database.systemDb({ reader })
  await last.songs.find()
  left.forget()
  assert.equal(await last.songs.count(), 1)
  assert.deepEqual([stall.kept.figures.entries, stall.kept.figures.rows], [0, 0])
})
