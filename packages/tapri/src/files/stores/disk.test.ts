import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { newId } from '../../kit/ids.ts'
import { storeConformance } from '../conformance.ts'
import { openDisk } from './disk.ts'
import { diskError } from './disk-error.ts'

const folders: string[] = []
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))))

storeConformance('disk', async () => openDisk(await newFolder()))

test('a folder that is not there yet is made, however deep', async () => {
  const folder = join(await newFolder(), 'a', 'b', 'c')
  const store = await openDisk(folder)
  const key = newId()
  await store.put(key, Readable.from([Buffer.from('kites')]))
  assert.equal(await readFile(join(folder, key.slice(-2), key), 'utf8'), 'kites')
})

test('a folder that somebody removes while the app runs is made again', async () => {
  const folder = await newFolder()
  const store = await openDisk(folder)
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
  const store = await openDisk(folder)
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

test('what a killed process left unfinished is swept, and nothing else', async () => {
  const folder = await newFolder()
  const store = await openDisk(folder)
  const key = newId()
  await store.put(key, Readable.from([Buffer.from('whole')]))
  await mkdir(join(folder, 'incoming'), { recursive: true })
  await writeFile(join(folder, 'incoming', `${newId()}.half`), 'half')
  assert.equal(await store.sweep(), 1)
  assert.deepEqual(await readdir(join(folder, 'incoming')), [])
  assert.equal(String(await buffer(await store.get(key))), 'whole')
})

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-files-'))
  folders.push(folder)
  return folder
}
