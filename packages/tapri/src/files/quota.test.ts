import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { test } from 'node:test'
import { newId } from '../kit/ids.ts'
import { silentLog } from '../observe/index.ts'
import { fileDb } from './file-db.ts'
import { openDisk } from './index.ts'
import { Ledger } from './ledger.ts'
import { Quotas } from './quota.ts'
import { receiveFile } from './receive.ts'
import { film, Room } from './room.fixture.ts'
import type { Store } from './store.ts'
import { appendBody } from './uploads/append.ts'
import type { Checksum } from './uploads/checksum.ts'
import { Digests } from './uploads/digests.ts'

const user = { id: 'ann' }
const piece = 64 * 1024

/** What ann sends, against a quota; the store looks at each piece whether it is counted. */
async function open(quota: number) {
  const room = await Room.open()
  const disk = await openDisk(join(room.folder, 'files'))
  const db = fileDb(room.database.asSystem)
  const quotas = new Quotas(db, { clock: room.clock, quota: () => quota })
  const watch = { taken: 0, uncounted: 0, written: new Set<number>() }
  async function* watched(key: string, source: Readable) {
    let size = 0
    for await (const chunk of source) {
      size += chunk.length
      watch.taken += chunk.length
      const counted = (await db.tapri_files.first({ where: { key } }))?.size ?? 0
      watch.written.add(counted)
      if (counted < size) watch.uncounted++
      yield chunk
    }
  }
  const see = (key: string, source: Readable) => Readable.from(watched(key, source), { objectMode: false })
  const put: Store['put'] = (key, source) => disk.put(key, see(key, source))
  const pieces: Store['pieces'] = {
    begin: (key) => disk.pieces.begin(key),
    offset: (file) => disk.pieces.offset(file),
    complete: (file) => disk.pieces.complete(file),
    abandon: (file) => disk.pieces.abandon(file),
    append: (file, offset, source) => disk.pieces.append(file, offset, see(file.key, source)),
  }
  const store: Store = Object.assign(Object.create(disk), { pieces, put })
  const ledger = new Ledger({ database: room.database, store, clock: room.clock, log: silentLog, quotas })
  const tools: any = { db, store, ledger, quotas, digests: new Digests(), inspect: undefined }
  const rules = { field: 'source', accept: ['video/*'], maxSize: 1e9, claimed: 'video/mp4', name: 'sent', mayBeAbsent: false }
  return {
    watch,
    used: () => db.tapri_files.sum('size', { where: { owner: user.id } }),
    /** Sends a file in a form; ends when its bytes are kept. */
    async post(body: Readable) {
      let file = ''
      const receiving = { rules, media: undefined, sender: user }
      await receiveFile(body, receiving, tools, (id) => {
        file = id
      })
      return file
    },
    /** Appends to a new upload whose length nobody tells; answers how many bytes are kept. */
    async append(body: Readable, headers: Readonly<Record<string, string>> = {}, checksum?: Checksum) {
      const key = newId()
      const at = new Date(room.clock.now())
      const row = { key, name: 'sent', type: 'video/mp4', state: 'pending', owner: user.id, at, expires: at } as const
      const file = await db.tapri_files.create(row)
      const upload: any = { id: key, kind: 'pieces', memo: await store.pieces.begin(key), length: null, claimed: 'video/mp4' }
      const facts: any = { kind: 'file', accept: ['video/*'], maxSize: 1e9 }
      const appending = { offset: 0, checksum, signal: new AbortController().signal }
      return appendBody({ upload, file }, facts, { headers, body, user, sender: '192.0.2.1' }, appending, tools)
    },
    async [Symbol.asyncDispose]() {
      await ledger.close()
      await room[Symbol.asyncDispose]()
    },
  }
}

/** A film in pieces. */
async function body(size: number): Promise<Readable> {
  const bytes = Buffer.from(await film('sent', size).arrayBuffer())
  const pieces = Array.from({ length: Math.ceil(size / piece) }, (_, at) => bytes.subarray(at * piece, (at + 1) * piece))
  return Readable.from(pieces, { objectMode: false })
}

function refusals(outcomes: readonly PromiseSettledResult<unknown>[]): string[] {
  return outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason.code)] : []))
}

for (const way of ['append', 'post'] as const) {
  const name = way === 'append' ? 'uploads whose length nobody told' : 'files in forms'

  test(`${name} are kept no further than they are counted, however many come at once`, async () => {
    const quota = 1024 ** 2
    await using room = await open(quota)
    const bodies = await Promise.all(Array.from({ length: 8 }, () => body(quota - 1000)))
    const outcomes = await Promise.allSettled(bodies.map((one) => room[way](one)))
    const codes = refusals(outcomes)
    assert.ok(codes.length >= 7 && codes.every((code) => code === 'TAPRI_FILES_QUOTA'), codes.join())
    const { taken, uncounted } = room.watch
    assert.equal(uncounted, 0)
    assert.ok(taken <= quota, String(taken))
  })

  test(`${name} that are small all find room where there is enough, and are counted as they are`, async () => {
    await using room = await open(300_000)
    const bodies = await Promise.all(Array.from({ length: 20 }, () => body(5000)))
    assert.deepEqual(refusals(await Promise.allSettled(bodies.map((one) => room[way](one)))), [])
    assert.equal(await room.used(), 100_000)
  })

  test(`${name} are written down every few megabytes, not piece by piece`, async () => {
    await using room = await open(1024 ** 4)
    const size = 20 * 1024 ** 2
    await room[way](await body(size))
    const { uncounted, written } = room.watch
    assert.equal(uncounted, 0)
    assert.ok(written.size <= 6, [...written].join())
    assert.equal(await room.used(), size)
  })
}

test('what a request announces of such an upload is counted before it is read, and refused whole', async () => {
  await using room = await open(100_000)
  const unread = new PassThrough()
  const announced = { 'content-length': '100001' }
  await assert.rejects(room.append(unread, announced), { code: 'TAPRI_FILES_QUOTA' })
  assert.deepEqual([await room.used(), room.watch.taken], [0, 0])
  assert.equal(await room.append(await body(100_000), { 'content-length': '100000' }), 100_000)
  assert.equal(await room.used(), 100_000)
})

test('of an upload that is cut off, what is kept is counted, not what was counted ahead of it', async () => {
  await using room = await open(1024 ** 3)
  const source = new PassThrough()
  const sent = room.append(source, { 'content-length': '900000' })
  const bytes = Buffer.from(await film('sent', 200_000).arrayBuffer())
  source.write(bytes)
  source.once('drain', () => source.destroy())
  await assert.rejects(sent, { code: 'TAPRI_FILES_ABORTED' })
  assert.equal(await room.used(), room.watch.taken)
})

test('a piece with a checksum is counted once it is known to be whole, and kept if there is room for it', async () => {
  await using room = await open(100_000)
  const send = async (size: number) => {
    const bytes = Buffer.from(await film('sent', size).arrayBuffer())
    const checksum = { algorithm: 'sha256', digest: createHash('sha256').update(bytes).digest() }
    return room.append(await body(size), {}, checksum)
  }
  await assert.rejects(send(100_001), { code: 'TAPRI_FILES_QUOTA' })
  assert.deepEqual([await room.used(), room.watch.taken], [0, 0])
  assert.equal(await send(90_000), 90_000)
  assert.deepEqual([await room.used(), room.watch.uncounted], [90_000, 0])
})
