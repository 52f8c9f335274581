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
import type { Store } from './store.ts'
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

/** One more process on the room's database. */
function openNode(room: Room, store: Store, clock: ManualClock = room.clock) {
  const quotas = new Quotas(fileDb(room.db), undefined)
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
