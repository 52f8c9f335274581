import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, open, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type Clock, manualClock } from '../../kit/clock.ts'
import { newId } from '../../kit/ids.ts'
import { smallDisk } from '../../kit/small-disk.fixture.ts'
import { filmBytes, inChunks, megabyte, stalledAfter } from '../conformance/under-test.ts'
import { storeConformance } from '../conformance.ts'
import type { Store } from '../store.ts'
import { openDisk } from './disk.ts'
import { diskError } from './disk-error.ts'

const folders: string[] = []
const stores: Store[] = []
after(async () => {
  await Promise.all(stores.map((store) => store.close()))
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })))
})

storeConformance('disk', {
  place: async () => `disk:${await newFolder()}`,
  leftovers: async (url) => {
    const folder = url.slice('disk:'.length)
    const places = ['incoming', 'partial'].map((name) => readdir(join(folder, name)).catch(() => []))
    return (await Promise.all(places)).flat()
  },
})

test('a folder that is not there yet is made, however deep', async () => {
  const folder = join(await newFolder(), 'a', 'b', 'c')
  const store = await opened(folder)
  const key = newId()
  await store.put(key, Readable.from([Buffer.from('kites')]))
  assert.equal(await readFile(join(folder, key.slice(-2), key), 'utf8'), 'kites')
})

test('a folder that somebody removes while the app runs is made again', async () => {
  const folder = await newFolder()
  const store = await opened(folder)
  await rm(folder, { recursive: true })
  const key = newId()
  await store.put(key, Readable.from([Buffer.from('kites')]))
  assert.equal(String(await buffer(await store.get(key))), 'kites')
})

test('a place that cannot be a folder is said at the start, with its name', async () => {
  const file = join(await newFolder(), 'taken')
  await writeFile(file, 'a file')
  await assert.rejects(openDisk(join(file, 'files')), (error: Error & { code: string; status: number }) => {
    assert.equal(error.code, 'TAPRI_FILES_STORE')
    assert.equal(error.status, 507)
    assert.ok(error.message.includes(file))
    return true
  })
})

test('a place that stops being a folder is TAPRI_FILES_STORE without its path', async () => {
  const folder = await newFolder()
  const store = await opened(folder)
  await rm(folder, { recursive: true })
  await writeFile(folder, 'now a file')
  await assert.rejects(
    store.put(newId(), Readable.from([randomBytes(10)])),
    (error: Error & { code: string; status: number }) => {
      assert.equal(error.code, 'TAPRI_FILES_STORE')
      assert.equal(error.status, 507)
      assert.ok(!error.message.includes(folder))
      return true
    },
  )
})

test('a full disk is TAPRI_FILES_STORE with status 507 and what to do', {
  skip: process.platform !== 'linux' && 'needs /dev/full',
}, async () => {
  await using full = await open('/dev/full', 'w')
  const cause = await full.write('x').catch((error: unknown) => error)
  const error = diskError(cause)
  assert.ok(error instanceof Error && 'code' in error && 'status' in error)
  assert.equal(error.code, 'TAPRI_FILES_STORE')
  assert.equal(error.status, 507)
  assert.match(error.message, /disk is full.*ENOSPC/)
})

test('what nobody has written to for an hour is swept, and nothing that others write', async () => {
  const folder = await newFolder()
  const clock = manualClock(Date.now())
  const store = await opened(folder, clock)
  const key = newId()
  await store.put(key, Readable.from([Buffer.from('whole')]))
  await mkdir(join(folder, 'incoming'), { recursive: true })
  await writeFile(join(folder, 'incoming', `${newId()}.half`), 'half')
  const other = await opened(folder)
  const late = newId()
  const source = stalledAfter(Buffer.from('half'))
  const put = other.put(late, source)
  const incoming = async () => (await readdir(join(folder, 'incoming'))).filter((name) => name.startsWith(late))
  while ((await incoming()).length === 0) await setImmediate()
  clock.advance(3_590_000)
  assert.equal(await store.sweep(), 0)
  clock.advance(60_000)
  // what was written at this hour is as old by now, but for this one
  const [writing] = await incoming()
  assert.ok(writing)
  await utimes(join(folder, 'incoming', writing), clock.now() / 1000, clock.now() / 1000)
  assert.equal(await store.sweep(), 1)
  source.push(null)
  await put
  assert.equal(String(await buffer(await store.get(late))), 'half')
  assert.deepEqual(await readdir(join(folder, 'incoming')), [])
  assert.equal(String(await buffer(await store.get(key))), 'whole')
})

test('a link in the place of a file leads nowhere: it is not read, written to or listed', async () => {
  const folder = await newFolder()
  const secret = join(await newFolder(), 'secret')
  await writeFile(secret, 'secret')
  const store = await opened(folder)
  const [whole, partial] = [newId(), newId()]
  await mkdir(join(folder, whole.slice(-2)), { recursive: true })
  await symlink(secret, join(folder, whole.slice(-2), whole))
  await mkdir(join(folder, 'partial'))
  await symlink(secret, join(folder, 'partial', partial))
  const missing = { code: 'TAPRI_NOT_FOUND' }
  assert.equal(await store.stat(whole), undefined)
  await assert.rejects(store.get(whole), missing)
  assert.deepEqual(await Array.fromAsync(store.list()), [])
  const file = { key: partial, memo: '' }
  assert.equal(await store.pieces.offset(file), undefined)
  await assert.rejects(store.pieces.append(file, 6, inChunks(Buffer.from('!'), 1)), missing)
  await assert.rejects(store.pieces.complete(file), missing)
  // what is put there takes the place of the link
  await store.put(whole, inChunks(Buffer.from('kites'), 5))
  assert.equal(String(await buffer(await store.get(whole))), 'kites')
  await store.delete(whole)
  await store.pieces.abandon(file)
  assert.equal(await readFile(secret, 'utf8'), 'secret')
})

test('on a disk that fills up a file is refused and nothing of it stays, and a piece keeps what there was room for', async (context) => {
  using disk = smallDisk(8 * megabyte)
  if (disk === undefined) return context.skip('only root can mount a small disk, on Linux')
  const store = await opened(disk.folder)
  const full = { code: 'TAPRI_FILES_STORE', status: 507 }
  const key = newId()
  await assert.rejects(store.put(key, inChunks(filmBytes(0, 12 * megabyte), 65_536)), full)
  assert.equal(await store.stat(key), undefined)
  assert.deepEqual(await readdir(join(disk.folder, 'incoming')), [])

  const file = { key: newId(), memo: '' }
  await store.pieces.begin(file.key)
  await assert.rejects(store.pieces.append(file, 0, inChunks(filmBytes(0, 12 * megabyte), 65_536)), full)
  const kept = await store.pieces.offset(file)
  assert.ok(kept !== undefined && kept > 4 * megabyte && kept <= 8 * megabyte, `${kept} bytes`)
  assert.ok(filmBytes(0, kept).equals(await readFile(join(disk.folder, 'partial', file.key))))
  await store.pieces.abandon(file)
  await store.put(key, inChunks(filmBytes(0, 6 * megabyte), 65_536))
  assert.deepEqual(await store.stat(key), { size: 6 * megabyte })
})

async function opened(folder: string, clock?: Clock): Promise<Store> {
  const store = await openDisk(folder, clock)
  stores.push(store)
  return store
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-files-'))
  folders.push(folder)
  return folder
}
