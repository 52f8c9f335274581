import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { newId } from '../../kit/ids.ts'
import { silentLog } from '../../observe/index.ts'
import { fileDb } from '../file-db.ts'
import { openDisk } from '../index.ts'
import { Ledger } from '../ledger.ts'
import { Quotas } from '../quota.ts'
import { receiveFile } from '../receive.ts'
import { film, Room } from '../room.fixture.ts'
import type { Store } from '../store.ts'
import { Budget } from '../stores/budget.ts'
import { appendBody } from './append.ts'
import { Digests } from './digests.ts'
import type { Asking } from './tools.ts'

const bytes = Buffer.from(await film('kites.mp4', 5000).arrayBuffer())
const facts = { kind: 'file', accept: ['video/*'], maxSize: 1e6 } as any

test('what is sent counts for its user, or for the address of a visitor, with a checksum and without, in forms too', async () => {
  await using room = await Room.open()
  const disk = await openDisk(join(room.folder, 'files'))
  const seen: (string | undefined)[] = []
  const budget = new Budget({ most: 1000 })
  const see = (source: Readable) => seen.push(budget.share(1, source).sender)
  const pieces: Store['pieces'] = {
    begin: (key) => disk.pieces.begin(key),
    offset: (file) => disk.pieces.offset(file),
    complete: (file) => disk.pieces.complete(file),
    abandon: (file) => disk.pieces.abandon(file),
    append(file, offset, source) {
      see(source)
      return disk.pieces.append(file, offset, source)
    },
  }
  const put: Store['put'] = (key, source) => {
    see(source)
    return disk.put(key, source)
  }
  const store = Object.assign(Object.create(disk), { pieces, put })
  const db = fileDb(room.database.asSystem)
  const quotas = new Quotas(db, { clock: room.clock, quota: undefined })
  const ledger = new Ledger({ database: room.database, store, clock: room.clock, log: silentLog, quotas })
  const tools: any = { db, store, ledger, quotas, digests: new Digests(), inspect: undefined }
  const checksum = { algorithm: 'sha256', digest: createHash('sha256').update(bytes).digest() }

  for (const user of [{ id: 'ann' }, null]) {
    for (const sum of [checksum, undefined]) {
      const key = newId()
      const found: any = {
        upload: { id: key, kind: 'part', memo: await store.pieces.begin(key), length: bytes.length },
        file: { key },
      }
      const asking: Asking = { headers: {}, body: Readable.from([bytes], { objectMode: false }), user, sender: '192.0.2.1' }
      const appending = { offset: 0, checksum: sum, signal: new AbortController().signal }
      assert.equal(await appendBody(found, facts, asking, appending, tools), bytes.length)
      await store.pieces.complete({ key, memo: found.upload.memo })
      assert.ok(bytes.equals(await buffer(await disk.get(key))))
    }
    const rules = { field: 'source', accept: ['video/*'], maxSize: 1e6, claimed: 'video/mp4', name: 'sent', mayBeAbsent: false }
    const receiving = { rules, media: undefined, sender: user, address: '192.0.2.1' }
    await receiveFile(Readable.from([bytes], { objectMode: false }), receiving, tools, () => {})
  }
  await ledger.close()
  assert.deepEqual(seen, ['user ann', 'user ann', 'user ann', 'at 192.0.2.1', 'at 192.0.2.1', 'at 192.0.2.1'])
})
