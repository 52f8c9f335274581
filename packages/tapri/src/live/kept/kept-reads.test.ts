import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commitOf, dice, openSongs } from './kept.fixture.ts'

const newest = { orderBy: '-plays', limit: 3 } as const

test('what is held is read once, for everybody to whom the policy opens the same rows', async () => {
  await using stall = await openSongs()
  const { kept, songs } = stall
  for (let plays = 0; plays < 6; plays++) await songs.create({ title: `Song ${plays}`, plays, owner: 'bob' })
  const read = async (user: unknown) => {
    const { recording, dbOf } = stall.begin()
    const rows = await dbOf(user).songs.find(newest)
    return { rows, hold: recording.keep(() => {}), asked: recording.askedDatabase }
  }
  const [first, second] = [await read(null), await read(null)]
  assert.deepEqual([first.asked, second.asked, kept.figures.misses, kept.figures.hits], [true, false, 1, 1])
  assert.deepEqual(second.rows, await songs.find(newest))
  const bob = { id: 'b', name: 'bob' }
  const [own, same] = [await read(bob), await read({ ...bob, id: 'another bob' })]
  assert.deepEqual([own.asked, same.asked, kept.figures.entries], [true, false, 2])
  for (const { hold } of [first, second, own, same]) hold?.release()
  assert.deepEqual([kept.figures.entries, kept.figures.rows], [0, 0])
})

test('rows that are handed out can be changed without changing what is kept', async () => {
  await using stall = await openSongs()
  const { id } = await stall.songs.create({ title: 'Tea', tags: ['a'], facts: { deep: [1] } })
  const before = JSON.stringify(await stall.songs.find())
  await stall.follow((db) => Promise.all([db.songs.find(), db.songs.get(id), db.songs.find({ page: 2, limit: 1 })]))
  const spoilt = await stall.follow((db) => Promise.all([db.songs.find(), db.songs.get(id)]))
  for (const row of [...spoilt.answer[0], spoilt.answer[1]]) {
    row.title = 'spoilt'
    row.tags.push('spoilt')
    row.facts.deep.push('spoilt')
    row.at.setTime(0)
  }
  spoilt.answer[0].length = 0
  const { answer, asked } = await stall.follow((db) => Promise.all([db.songs.find(), db.songs.get(id)]))
  assert.equal(asked, false)
  assert.equal(JSON.stringify(answer[0]), before)
  assert.equal(JSON.stringify([answer[1]]), before)
})

test('a window tells only of commits that change the rows which were asked for, and columns that are read', async () => {
  await using stall = await openSongs()
  const ids: string[] = []
  for (let plays = 0; plays < 30; plays++) ids.push((await stall.songs.create({ title: 'Song', plays })).id)
  const { told } = await stall.follow((db) => db.songs.find({ ...newest, select: { plays: true } }))
  const at = (plays: number) => ids[plays] ?? ''
  await stall.songs.update(at(29), { title: 'Not read' })
  await stall.songs.update(at(26), { plays: 25 })
  await stall.songs.create({ title: 'Far below', plays: -1 })
  assert.deepEqual(told, [])
  await stall.songs.update(at(28), { plays: 100 })
  await stall.songs.create({ title: 'On top', plays: 200 })
  await stall.songs.delete(at(29))
  assert.deepEqual(told, [true, true, true])
})

test('a window that runs short asks the database again, and says that it did', async () => {
  await using stall = await openSongs()
  const ids: string[] = []
  for (let plays = 0; plays < 40; plays++) ids.push((await stall.songs.create({ title: 'Song', plays })).id)
  const { told } = await stall.follow((db) => db.songs.find(newest))
  // the window has the first three, and eight more
  for (const id of ids.toReversed().slice(0, 9)) await stall.songs.delete(id)
  assert.deepEqual(told, [...Array<boolean>(8).fill(true), false])
  const refilled = await stall.follow((db) => db.songs.find(newest))
  assert.equal(refilled.asked, true)
  assert.deepEqual(refilled.answer, await stall.songs.find(newest))
  assert.equal(stall.kept.figures.refills, 1)
})

test('many rows that come, move and go leave every window as a fresh read gives it', async () => {
  await using stall = await openSongs()
  const ids: string[] = []
  const next = dice(1)
  for (let at = 0; at < 120; at++) ids.push((await stall.songs.create({ title: `Song ${next(9)}`, plays: next(40) })).id)
  const queries = [
    { orderBy: '-plays', limit: 5, where: {} },
    { orderBy: ['title', '-plays'], limit: 10, where: { plays: { gte: 10 } } },
    { orderBy: 'at', limit: 1, where: { or: [{ title: 'Song 1' }, { plays: { lt: 5 } }] } },
    { orderBy: ['shown', 'plays'], limit: 20, where: { shown: true } },
    { limit: 3, where: { title: { contains: '2' } } },
  ]
  const runs = new Map<object, Awaited<ReturnType<typeof stall.follow>>>()
  for (let write = 0; write < 1500; write++) {
    const at = next(ids.length)
    const values = { title: `Song ${next(9)}`, plays: next(40), shown: next(3) > 0 }
    const way = next(10)
    if (way < 2) ids.push((await stall.songs.create(values)).id)
    else if (way < 5) await stall.songs.delete(ids.splice(at, 1)[0] ?? '')
    else await stall.songs.update(ids[at] ?? '', values)
    if (ids.length < 20) for (let more = 0; more < 60; more++) ids.push((await stall.songs.create(values)).id)
    for (const query of queries) {
      const held = runs.get(query)
      const read = async (songs: any) => JSON.stringify([await songs.find(query), await songs.count({ where: query.where })])
      const run = await stall.follow((db) => read(db.songs))
      assert.equal(run.answer, await read(stall.songs))
      if (held !== undefined && held.told.length === 0) assert.equal(held.answer, run.answer)
      if (held !== undefined && !held.told.includes(false)) assert.equal(run.asked, false)
      held?.hold.release()
      runs.set(query, run)
    }
  }
  assert.ok(stall.kept.figures.refills > 10)
  assert.ok(stall.kept.figures.misses < 300, `${stall.kept.figures.misses} reads for 15,000`)
  for (const { hold } of runs.values()) hold.release()
  assert.deepEqual([stall.kept.figures.rows, stall.kept.figures.entries], [0, 0])
})

test('a list of rows by their ids asks for those alone that are not kept', async () => {
  await using stall = await openSongs()
  const ids: string[] = []
  for (const title of ['a', 'b', 'c']) ids.push((await stall.songs.create({ title })).id)
  const first = await stall.follow((db) => db.songs.find({ where: { id: { in: ids.slice(0, 2) } }, select: { title: true } }))
  const second = await stall.follow((db) => db.songs.find({ where: { id: { in: ids } }, orderBy: '-title' }))
  assert.deepEqual(second.answer, await stall.songs.find({ orderBy: '-title' }))
  assert.equal(stall.kept.figures.misses, 3)
  await stall.songs.update(ids[0] ?? '', { plays: 5 })
  assert.deepEqual([first.told, second.told], [[], [true]])
  const missing = await stall.follow((db) => db.songs.find({ where: { id: { in: ['nobody'] } } }))
  assert.deepEqual(missing.answer, [])
  await stall.songs.delete(ids[2] ?? '')
  const left = await stall.follow<any[]>((db) => db.songs.find({ where: { id: { in: ids } } }))
  assert.deepEqual([left.answer.map(({ title }) => title), left.asked], [['a', 'b'], false])
})

test('reads by the system inside of a transaction are the transaction’s own', async () => {
  await using stall = await openSongs()
  const { recording, db } = stall.begin()
  const seen = await db.transaction(async (inner: any) => {
    await inner.songs.create({ title: 'Tea' })
    return inner.songs.count()
  })
  assert.equal(seen, 1)
  assert.deepEqual([recording.askedDatabase, stall.kept.figures.entries], [false, 0])
})

test('a write past the query language, many changes at once, and an image that lacks a column are read anew', async () => {
  await using stall = await openSongs()
  const row = await stall.songs.create({ title: 'Tea' })
  const drop: readonly (() => unknown)[] = [
    () =>
      stall.database.asSystem.raw.write({ touches: ['songs'] }, ({ kysely }: any) =>
        kysely.updateTable('songs').set({ plays: 7 }).execute(),
      ),
    () => stall.songs.createMany(Array.from({ length: 1001 }, (_, at) => ({ title: `Song ${at}` }))),
    () =>
      stall.kept.onCommit(
        commitOf([{ model: 'songs', id: row.id, before: { id: row.id, title: 'Tea' }, after: { id: row.id, title: 'Te' } }]),
      ),
    () => stall.kept.reset(),
  ]
  for (const work of drop) {
    const run = await stall.follow((db) => Promise.all([db.songs.find(newest), db.songs.count(), db.songs.get(row.id)]))
    await work()
    assert.deepEqual(run.told, [false])
    const again = await stall.follow((db) => Promise.all([db.songs.find(newest), db.songs.count(), db.songs.get(row.id)]))
    assert.deepEqual(again.answer, [await stall.songs.find(newest), await stall.songs.count(), await stall.songs.get(row.id)])
    assert.equal(again.asked, true)
  }
})

test('beyond the most rows new answers are not kept, and their changes are told all the same', async () => {
  await using stall = await openSongs({ mostRows: 4 })
  for (let plays = 0; plays < 4; plays++) await stall.songs.create({ title: 'Song', plays })
  const first = await stall.follow((db) => db.songs.find())
  const second = await stall.follow((db) => db.songs.find({ orderBy: 'plays' }))
  assert.equal(stall.kept.figures.rows, 4)
  assert.equal((await stall.follow((db) => db.songs.find({ orderBy: 'plays' }))).asked, true)
  await stall.songs.create({ title: 'Song', plays: 9 })
  assert.deepEqual([first.told, second.told], [[true], [false]])
})

test('a read in the database’s own language is not kept, and is said to have been', async () => {
  await using stall = await openSongs()
  const { recording, db } = stall.begin()
  await db.raw.read({ reads: ['songs'] }, ({ kysely }: any) => kysely.selectFrom('songs').selectAll().execute())
  assert.deepEqual([recording.readRaw, recording.askedDatabase], [true, true])
  recording.forget()
})
