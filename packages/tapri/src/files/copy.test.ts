import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { newId } from '../kit/ids.ts'
import { copyStore, openDisk } from './index.ts'

test('a copy has every file, and a second one only what is new', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-'))
  try {
    const from = await openDisk(join(folder, 'from'))
    const to = await openDisk(join(folder, 'to'))
    const keys = [newId(), newId(), newId()]
    for (const key of keys) await from.put(key, Readable.from([Buffer.from(`bytes of ${key}`)]))
    assert.deepEqual(await copyStore(from, to), { files: 3, bytes: 3 * `bytes of ${keys[0]}`.length })
    for (const key of keys) assert.equal(await text(await to.get(key)), `bytes of ${key}`)

    const late = newId()
    await from.put(late, Readable.from([Buffer.from('late')]))
    assert.deepEqual(await copyStore(from, to), { files: 1, bytes: 4 })
    assert.equal(await text(await to.get(late)), 'late')
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a copy that fails is told, and none of its files is still on its way', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-'))
  try {
    const from = await openDisk(join(folder, 'from'))
    const to = await openDisk(join(folder, 'to'))
    for (let file = 0; file < 20; file++) await from.put(newId(), Readable.from([Buffer.from('bytes')]))
    // a file in the place of a folder
    await rm(join(folder, 'to'), { recursive: true })
    await writeFile(join(folder, 'to'), '')
    await assert.rejects(copyStore(from, to), { code: 'TAPRI_FILES_STORE' })
  } finally {
    await rm(folder, { recursive: true })
  }
})
