import assert from 'node:assert/strict'
import { mkdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { newId } from '../kit/ids.ts'
import { openDisk } from './index.ts'
import { film, nothing, picture, Room } from './room.fixture.ts'

test('a file that is replaced goes, with its bytes, once the new one is committed', async () => {
  await using room = await Room.open()
  const { body: video } = await room.post({ title: 'Kites', source: film('one.mp4') })
  room.handle = ({ db, body }) => db.videos.update(video.id, { source: body.source })
  await room.post({ title: 'x', source: film('two.mp4') })
  await settled(room)
  assert.deepEqual(await room.kept(), { rows: ['two.mp4 attached'], keys: 1, unfinished: 0 })
})

test('a file goes with its row', async () => {
  await using room = await Room.open()
  const { body: video } = await room.post({ title: 'Kites', source: film(), poster: picture() })
  await room.db.videos.delete(video.id)
  await settled(room)
  assert.deepEqual(await room.kept(), nothing)
})

test('a file that its row keeps stays, whatever else of the row changes', async () => {
  await using room = await Room.open()
  const { body: video } = await room.post({ title: 'Kites', source: film() })
  await room.db.videos.update(video.id, { title: 'Higher' })
  const row = await room.db.videos.get(video.id)
  await room.db.videos.update(video.id, { source: row.source })
  await settled(room)
  assert.deepEqual(await room.kept(), { rows: ['kites.mp4 attached'], keys: 1, unfinished: 0 })
})

test('a transaction that fails moves no file: the old one stays, the new one goes', async () => {
  await using room = await Room.open()
  const { body: video } = await room.post({ title: 'Kites', source: film('one.mp4') })
  room.handle = ({ db, body }) =>
    db.transaction(async (tx: any) => {
      await tx.videos.update(video.id, { source: body.source })
      throw new Error('no')
    })
  assert.equal((await room.post({ title: 'x', source: film('two.mp4') })).status, 500)
  await settled(room)
  assert.deepEqual(await room.kept(), { rows: ['one.mp4 attached'], keys: 1, unfinished: 0 })
})

test('a file made and unmade in one transaction goes with its form', async () => {
  await using room = await Room.open()
  room.handle = ({ db, body }) =>
    db.transaction(async (tx: any) => {
      const row = await tx.videos.create(body)
      await tx.videos.delete(row.id)
      return { ok: true }
    })
  assert.equal((await room.post({ title: 'x', source: film() })).status, 200)
  assert.deepEqual(await room.kept(), nothing)
})

test('a file in two fields of one row goes with the last of them', async () => {
  await using room = await Room.open()
  room.handle = ({ db, body }) => db.videos.create({ ...body, master: body.source })
  const { body: video } = await room.post({ title: 'Kites', source: film() })
  await room.db.videos.update(video.id, { source: null })
  await settled(room)
  assert.deepEqual(await room.kept(), { rows: ['kites.mp4 attached'], keys: 1, unfinished: 0 })
  await room.db.videos.update(video.id, { master: null })
  await settled(room)
  assert.deepEqual(await room.kept(), nothing)
})

test('a file given to two rows is TAPRI_FILES_TAKEN and neither is written', async () => {
  await using room = await Room.open()
  room.handle = ({ db, body }) =>
    db.transaction(async (tx: any) => {
      await tx.videos.create(body)
      return tx.videos.create(body)
    })
  const { status, body } = await room.post({ title: 'x', source: film() })
  assert.deepEqual([status, body.code], [409, 'TAPRI_FILES_TAKEN'])
  assert.equal(await room.db.videos.count(), 0)
  let first: any
  room.handle = async ({ db, body }) => {
    first = await db.videos.create(body)
    return db.videos.create(body)
  }
  assert.equal((await room.post({ title: 'x', source: film() })).status, 409)
  assert.deepEqual(
    (await room.db.videos.find()).map((row: any) => row.id),
    [first.id],
  )
  assert.deepEqual(await room.kept(), { rows: ['kites.mp4 attached'], keys: 1, unfinished: 0 })
})

test('a row that is given the file of another and unmade in one transaction leaves it to that one', async () => {
  await using room = await Room.open()
  room.handle = async ({ db, body }) => {
    const first = await db.videos.create(body)
    await db.transaction(async (tx: any) => {
      const second = await tx.videos.create(body)
      await tx.videos.delete(second.id)
    })
    return first
  }
  assert.equal((await room.post({ title: 'Kites', source: film() })).status, 200)
  await settled(room)
  assert.deepEqual(await room.kept(), { rows: ['kites.mp4 attached'], keys: 1, unfinished: 0 })
})

test('a file that is written after its handler has answered is TAPRI_FILES_GONE', async () => {
  await using room = await Room.open()
  let late: any
  room.handle = (context) => {
    late = context
    return { ok: true }
  }
  await room.post({ title: 'x', source: film() })
  await assert.rejects(late.db.videos.create(late.body), { code: 'TAPRI_FILES_GONE', status: 409 })
  assert.equal(await room.db.videos.count(), 0)
})

test('what an earlier run left pending and expired, orphaned or half written is gone after the next start', async () => {
  await using room = await Room.open()
  await room.post({ title: 'Kites', source: film('kept.mp4') })
  const store = await openDisk(join(room.folder, 'files'))
  for (const state of ['pending', 'orphaned']) {
    const key = newId()
    await store.put(key, Readable.from([Buffer.from(state)]))
    const at = new Date(room.clock.now())
    await room.db.tapri_files.create({ key, name: `${state}.txt`, type: 'text/plain', state, expires: at, at })
  }
  await room.db.tapri_files.create({
    key: newId(),
    name: 'no bytes',
    type: 'text/plain',
    state: 'pending',
    at: new Date(room.clock.now()),
  })
  const half = join(room.folder, 'files', 'incoming', 'half')
  await writeFile(half, 'half')
  await utimes(half, 0, 0)
  await room.close()

  await using next = await Room.open(room.folder)
  // the start does not wait for what it sweeps, its end does
  await next.files.close()
  assert.deepEqual(await next.kept(), { rows: ['kept.mp4 attached'], keys: 1, unfinished: 0 })
  // both rooms are disposed of once more, which closing twice must allow
  await next.close()
})

test('what has been pending without a word for two minutes goes; what is in hand stays', async () => {
  await using room = await Room.open()
  const pending = { type: 'text/plain', state: 'pending' }
  const given = (name: string, seconds: number) => {
    const at = room.clock.now()
    return room.db.tapri_files.create({
      ...pending,
      key: newId(),
      name,
      expires: new Date(at + seconds * 1000),
      at: new Date(at),
    })
  }
  await given('old', 120)
  const answer = Promise.withResolvers<void>()
  const handled = Promise.withResolvers<void>()
  room.handle = async ({ db, body }) => {
    handled.resolve()
    await answer.promise
    return db.videos.create(body)
  }
  const posted = room.post({ title: 'x', source: film() })
  await handled.promise
  for (let seconds = 0; seconds < 600; seconds += 30) {
    room.clock.advance(30_000)
    // a minute's sweep and what puts off the end of what is in hand run on their own
    await room.renewed()
  }
  await given('young', 120)
  await room.files.sweep()
  assert.deepEqual((await room.kept()).rows, ['kites.mp4 pending', 'young pending'])
  answer.resolve()
  assert.equal((await posted).status, 200)
  assert.deepEqual((await room.kept()).rows, ['kites.mp4 attached', 'young pending'])
})

test('what another process holds is not swept, and goes once that process says nothing more', async () => {
  await using room = await Room.open()
  await using other = await Room.open(room.folder, room.clock)
  const handled = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<void>()
  other.handle = async () => {
    handled.resolve()
    await answer.promise
    return {}
  }
  const posted = other.post({ title: 'x', source: film() })
  await handled.promise
  await room.files.sweep()
  assert.deepEqual((await room.kept()).rows, ['kites.mp4 pending'])
  answer.resolve()
  await posted
  assert.deepEqual(await room.kept(), nothing)
})

test('bytes that no row knows are never swept: the database may be the wrong one', async () => {
  await using room = await Room.open()
  const store = await openDisk(join(room.folder, 'files'))
  await mkdir(join(room.folder, 'files'), { recursive: true })
  await store.put(newId(), Readable.from([Buffer.from('whose')]))
  await room.files.sweep()
  assert.equal((await room.kept()).keys, 1)
})

test('a file that the app itself gives is checked and kept like a sent one', async () => {
  await using room = await Room.open()
  const notes = new File(['a,b'], 'n.csv')
  const row = await room.db.videos.create({ title: 'Kites', source: film(), notes })
  assert.deepEqual([row.source.type, row.notes.type], ['video/mp4', 'text/csv'])
  await assert.rejects(room.db.videos.create({ title: 'Kites', source: picture() }), { code: 'TAPRI_FILES_TYPE' })
  await assert.rejects(room.db.videos.create({ title: '', source: film() }), { code: 'TAPRI_INVALID' })
  assert.deepEqual(await room.kept(), { rows: ['kites.mp4 attached', 'n.csv attached'], keys: 2, unfinished: 0 })
})

/** Waits for the removals that commits have set off. */
async function settled(room: Room): Promise<void> {
  await room.files.sweep()
}
