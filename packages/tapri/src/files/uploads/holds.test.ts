import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../kit/ids.ts'
import { silentLog } from '../../observe/index.ts'
import { fileDb } from '../file-db.ts'
import { Room } from '../room.fixture.ts'
import { Holds } from './holds.ts'

/** An upload in a database, and what holds it in two processes that know of each other by that database alone. */
async function openHolds(room: Room) {
  const db = fileDb(room.database.asSystem)
  const { clock } = room
  const at = new Date(clock.now())
  const expires = new Date(clock.now() + 86_400_000)
  const file = await db.tapri_files.create({ key: newId(), name: 'k', type: 'video/mp4', state: 'pending', at, expires })
  const words = { hash: newId(), kind: 'pieces', memo: '', route: 'r', field: 'f', claimed: 'video/mp4', metadata: '' } as const
  const { id } = await db.tapri_uploads.create({ ...words, file: file.id, sender: '::1', expires, at })
  // nobody is told that it takes too long because the machine is slow
  const tools = { db, clock, log: silentLog, keepFor: 86_400_000, patience: 170_000 }
  return {
    id,
    db,
    tools,
    one: new Holds(tools),
    other: new Holds(tools),
    holder: async () => (await db.tapri_uploads.get(id)).holder,
  }
}

test('a hold is one request’s at a time: the next in the same process ends it', async () => {
  await using room = await Room.open()
  const { id, one, holder } = await openHolds(room)
  const first = await one.take(id)
  const second = one.take(id)
  assert.equal(first.signal.aborted, true)
  await first[Symbol.asyncDispose]()
  await using hold = await second
  assert.equal(hold.signal.aborted, false)
  assert.notEqual(await holder(), null)
  await hold[Symbol.asyncDispose]()
  assert.equal(await holder(), null)
})

test('another process is asked to end by the row, and reads it when it renews its lease', async () => {
  await using room = await Room.open()
  const { id, one, other } = await openHolds(room)
  const first = await one.take(id)
  const ended = new Promise<void>((resolve) => {
    first.signal.addEventListener('abort', () => {
      void first[Symbol.asyncDispose]().then(resolve)
    })
  })
  const second = other.take(id)
  // it asks as soon as it has seen that it is held
  while ((await room.db.tapri_uploads.count({ where: { wanted: { not: null } } })) === 0) await room.renewed()
  room.clock.advance(2000)
  await ended
  await using hold = await second
  assert.equal(hold.signal.aborted, false)
})

test('what a process holds that is no more is free after six seconds, and kept by one that lives', async () => {
  await using room = await Room.open()
  const { id, db, one, other, holder } = await openHolds(room)
  await db.tapri_uploads.update(id, { holder: 'killed', held: new Date(room.clock.now() + 6000) })
  room.clock.advance(6000)
  const hold = await one.take(id)
  const mine = await holder()
  for (let seconds = 0; seconds < 60; seconds += 2) {
    room.clock.advance(2000)
    await room.renewed()
  }
  assert.equal(await holder(), mine)
  assert.equal(hold.signal.aborted, false)
  await hold[Symbol.asyncDispose]()
  await using _next = await other.take(id)
})

test('an upload that is gone cannot be held', async () => {
  await using room = await Room.open()
  const { id, db, one } = await openHolds(room)
  await db.tapri_uploads.delete(id)
  await assert.rejects(one.take(id), { code: 'TAPRI_NOT_FOUND' })
})

test('a request that does not end is waited for a while, in its own process too, and then TAPRI_FILES_LOCKED', async () => {
  await using room = await Room.open()
  const { id, tools } = await openHolds(room)
  const holds = new Holds({ ...tools, patience: 20 })
  await using first = await holds.take(id)
  await assert.rejects(holds.take(id), { code: 'TAPRI_FILES_LOCKED', status: 423 })
  assert.equal(first.signal.aborted, true)
})

test('who still finishes keeps its hold, however long another one waits for it', async () => {
  await using room = await Room.open()
  const { id, one, other, holder } = await openHolds(room)
  const first = await one.take(id)
  const mine = await holder()
  const second = other.take(id)
  while ((await room.db.tapri_uploads.count({ where: { wanted: { not: null } } })) === 0) await room.renewed()
  for (let seconds = 0; seconds < 20; seconds += 2) {
    room.clock.advance(2000)
    await room.renewed()
  }
  assert.equal(first.signal.aborted, true)
  assert.equal(await holder(), mine)
  await first[Symbol.asyncDispose]()
  await using hold = await second
  assert.equal(hold.signal.aborted, false)
})

test('a hold that was not renewed in time is ended, as another one may have it by then', async () => {
  await using room = await Room.open()
  const { id, one } = await openHolds(room)
  await using hold = await one.take(id)
  // as of a process that stood still: nothing that it wrote has been answered
  room.clock.advance(6000)
  assert.equal(hold.signal.aborted, true)
})

test('an upload does not expire while a request works on it', async () => {
  await using room = await Room.open()
  const { id, db, tools } = await openHolds(room)
  const { clock } = room
  const soon = { expires: new Date(clock.now() + 60_000) }
  await db.tapri_uploads.update(id, soon)
  await db.tapri_files.updateWhere({}, soon)
  await using _hold = await new Holds({ ...tools, keepFor: 60_000 }).take(id)
  for (let seconds = 0; seconds < 120; seconds += 2) {
    clock.advance(2000)
    await room.renewed()
  }
  await room.files.sweep()
  const [upload, file] = [await db.tapri_uploads.first({}), await db.tapri_files.first({})]
  for (const row of [upload, file]) assert.ok(row?.expires && row.expires.getTime() > clock.now() + 50_000, String(row?.expires))
})
