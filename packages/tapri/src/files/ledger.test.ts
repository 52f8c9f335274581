import assert from 'node:assert/strict'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { test } from 'node:test'
import { type ManualClock, manualClock } from '../kit/clock.ts'
import { newId } from '../kit/ids.ts'
import { silentLog } from '../observe/index.ts'
import { fileDb } from './file-db.ts'
import { openDisk } from './index.ts'
import { Ledger } from './ledger.ts'
import { Quotas } from './quota.ts'
import { receiveFile } from './receive.ts'
import { nothing, Room } from './room.fixture.ts'
import type { Store, Unfinished } from './store.ts'
import { sweeping } from './sweeping.ts'

test('bytes that another process gave up while they came go with their form', async () => {
  await using room = await Room.open()
  const store = await openDisk(join(room.folder, 'files'))
  await using node = openNode(room, store)
  const laterClock = manualClock(room.clock.now() + 120_000)
  await using later = openNode(room, store, laterClock)
  const coming = new PassThrough()
  const begun = node.receive(coming)
  coming.write(Buffer.alloc(100_000, 1))
  await begun.pending
  assert.equal(await later.ledger.sweepPending(), 1)
  coming.end()
  await begun.received
  assert.deepEqual(await room.kept(), { rows: [], keys: 1, unfinished: 0 })
  await node.ledger.release([await begun.pending])
  assert.deepEqual(await room.kept(), nothing)
})

test('bytes of a put that failed once the store had them are removed, also where the store is away meanwhile', async () => {
  await using room = await Room.open()
  const disk = await openDisk(join(room.folder, 'files'))
  let isAway = false
  const store = storeLike(disk, {
    async put(key, source) {
      await disk.put(key, source)
      isAway = true
      throw new Error('The line was lost before the answer')
    },
    async delete(key) {
      if (isAway) throw new Error('Away')
      await disk.delete(key)
    },
  })
  await using node = openNode(room, store)
  const { pending, received } = node.receive(Readable.from([Buffer.alloc(1000, 1)]))
  await assert.rejects(received, /lost before/)
  await node.ledger.release([await pending])
  assert.deepEqual(await room.kept(), { rows: ['sent orphaned'], keys: 1, unfinished: 0 })
  isAway = false
  await node.ledger.sweep()
  assert.deepEqual(await room.kept(), nothing)
})

test('a form that ends waits for the removal of its own files only, and a start for none', async () => {
  await using room = await Room.open()
  const disk = await openDisk(join(room.folder, 'files'))
  const reached = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const slow = await orphan(room, disk)
  const store = storeLike(disk, {
    async delete(key) {
      if (key === slow) {
        reached.resolve()
        await gate.promise
      }
      await disk.delete(key)
    },
  })
  await using node = openNode(room, store)
  const stop = sweeping(node.ledger, { clock: room.clock, log: silentLog })
  await reached.promise
  const { pending, received } = node.receive(Readable.from([Buffer.alloc(1000, 1)]))
  await received
  await node.ledger.release([await pending])
  assert.deepEqual(await room.kept(), { rows: ['orphan orphaned'], keys: 1, unfinished: 0 })
  const stopped = stop()
  gate.resolve()
  await stopped
  assert.deepEqual(await room.kept(), nothing)
})

test('what cannot be removed keeps nothing else from being removed', async () => {
  await using room = await Room.open()
  const disk = await openDisk(join(room.folder, 'files'))
  const stuck = new Set<string>()
  for (let count = 0; count < 100; count++) stuck.add(await orphan(room, disk))
  await orphan(room, disk)
  const store = storeLike(disk, {
    async delete(key) {
      if (stuck.has(key)) throw new Error('Cannot be removed')
      await disk.delete(key)
    },
  })
  await using node = openNode(room, store)
  await node.ledger.sweep()
  assert.equal((await room.kept()).keys, 100)
  assert.equal(await room.db.tapri_files.count(), 100)
})

test('an upload that expires leaves nothing, also when its pieces cannot be removed at once', async () => {
  await using room = await Room.open()
  const disk = await openDisk(join(room.folder, 'files'))
  let isAway = true
  const abandon: Store['pieces']['abandon'] = async (unfinished) => {
    if (isAway) throw new Error('Away')
    await disk.pieces.abandon(unfinished)
  }
  const pieces = {
    begin: (key: string) => disk.pieces.begin(key),
    offset: (unfinished: Unfinished) => disk.pieces.offset(unfinished),
    append: (unfinished: Unfinished, offset: number, source: Readable) => disk.pieces.append(unfinished, offset, source),
    complete: (unfinished: Unfinished) => disk.pieces.complete(unfinished),
    abandon,
  }
  await using later = openNode(room, storeLike(disk, { pieces }), manualClock(room.clock.now() + 60_000))
  const unfinished = await upload(room, disk)
  await later.ledger.sweep()
  assert.equal(await disk.pieces.offset(unfinished), 1000)
  isAway = false
  await later.ledger.sweep()
  assert.equal(await disk.pieces.offset(unfinished), undefined)
  assert.deepEqual([await room.kept(), await room.db.tapri_uploads.count()], [nothing, 0])
})

test('the upload of a file that a row has is forgotten when it expires, and the file stays', async () => {
  await using room = await Room.open()
  const disk = await openDisk(join(room.folder, 'files'))
  await using later = openNode(room, disk, manualClock(room.clock.now() + 60_000))
  const { key } = await upload(room, disk)
  await room.db.tapri_files.updateWhere({ key }, { state: 'attached' })
  await later.ledger.sweep()
  assert.deepEqual([(await room.kept()).rows, await room.db.tapri_uploads.count()], [['sent attached'], 0])
})

test('the rows of files go one by one with their bytes', async () => {
  await using room = await Room.open()
  const disk = await openDisk(join(room.folder, 'files'))
  const [first, second] = [await orphan(room, disk), await orphan(room, disk)]
  const left: number[] = []
  const store = storeLike(disk, {
    async delete(key) {
      left.push(await room.db.tapri_files.count())
      await disk.delete(key)
    },
  })
  await using node = openNode(room, store)
  await node.ledger.sweep()
  assert.deepEqual([first === second, left, await room.kept()], [false, [2, 1], nothing])
})

/** One more process on the room's database. */
function openNode(room: Room, store: Store, clock: ManualClock = room.clock) {
  const quotas = new Quotas(fileDb(room.db), { clock: room.clock, quota: undefined })
  const ledger = new Ledger({ database: room.database, store, clock, log: silentLog, quotas })
  const rules = { field: 'source', accept: ['*/*'], maxSize: 1e6, claimed: 'x/y', name: 'sent', mayBeAbsent: false }
  return {
    ledger,
    receive(content: Readable) {
      const { promise: pending, resolve } = Promise.withResolvers<string>()
      const receiving = { rules, media: undefined, sender: null }
      return { pending, received: receiveFile(content, receiving, { store, ledger, quotas, inspect: undefined }, resolve) }
    },
    [Symbol.asyncDispose]: () => ledger.close(),
  }
}

async function orphan(room: Room, store: Store): Promise<string> {
  const key = newId()
  await store.put(key, Readable.from([Buffer.from('x')]))
  const at = new Date(room.clock.now())
  await room.db.tapri_files.create({ key, name: 'orphan', type: 'text/plain', state: 'orphaned', at })
  return key
}

/** An upload that lasts a minute, of which 1000 bytes have come. */
async function upload(room: Room, store: Store): Promise<Unfinished> {
  const key = newId()
  const at = new Date(room.clock.now())
  const lasting = { at, expires: new Date(room.clock.now() + 60_000) }
  const file = await room.db.tapri_files.create({ ...lasting, key, name: 'sent', type: 'video/mp4', state: 'pending' })
  const unfinished = { key, memo: await store.pieces.begin(key) }
  const place = { route: 'videos.create', field: 'source', claimed: 'video/mp4', metadata: '', sender: '::1' }
  await room.db.tapri_uploads.create({ ...lasting, ...place, file: file.id, hash: key, kind: 'pieces', memo: unfinished.memo })
  await store.pieces.append(unfinished, 0, Readable.from([Buffer.alloc(1000, 1)]))
  return unfinished
}

/** A store but for what it does otherwise. */
function storeLike(store: Store, otherwise: Partial<Store>): Store {
  return {
    pieces: store.pieces,
    put: (key, source, options) => store.put(key, source, options),
    get: (key, range) => store.get(key, range),
    stat: (key) => store.stat(key),
    delete: (key) => store.delete(key),
    list: () => store.list(),
    sweep: () => store.sweep(),
    close: () => store.close(),
    ...otherwise,
  }
}
