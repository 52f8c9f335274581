import assert from 'node:assert/strict'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { TapriError } from '../../../kit/errors.ts'
import { smallDisk } from '../../../kit/small-disk.fixture.ts'
import { backupDatabase, type Id, model, openDatabase, text } from '../../index.ts'

const models = { notes: model({ text: text() }) }
const megabyte = 1024 ** 2

test('a full disk is 503, loses nothing that was acknowledged, and heals when there is room again', async (context) => {
  using disk = smallDisk(8 * megabyte)
  if (disk === undefined) return context.skip('only root can mount a small disk, on Linux')
  const ballast = join(disk.folder, 'ballast')
  writeFileSync(ballast, Buffer.alloc(3 * megabyte))
  const url = `sqlite:${disk.folder}/app.db`
  await using closing = new AsyncDisposableStack()
  const database = await openDatabase({ models, policies: [], url, migrate: 'auto' })
  closing.defer(() => database.close())
  const { notes } = database.systemDb<typeof models>()
  const kept: Id<'notes'>[] = []
  const refusals: unknown[] = []
  while (refusals.length === 0) {
    const writes = await Promise.allSettled([1, 2, 3].map(() => notes.create({ text: 'x'.repeat(8000) })))
    for (const write of writes) {
      if (write.status === 'fulfilled') kept.push(write.value.id)
      else refusals.push(write.reason)
    }
  }
  for (const refusal of refusals) {
    assert.ok(refusal instanceof TapriError)
    assert.deepEqual([refusal.code, refusal.status], ['TAPRI_DATA_STORAGE', 503])
  }
  assert.ok(kept.length > 10, `${kept.length} writes`)
  // what is there can be read
  for (const id of kept.slice(0, 3)) assert.equal((await notes.get(id)).text.length, 8000)

  await assert.rejects(backupDatabase(url, join(disk.folder, 'copy.db')), { code: 'TAPRI_DATA_STORAGE' })
  assert.deepEqual(
    readdirSync(disk.folder).filter((name) => name.startsWith('copy')),
    [],
  )

  rmSync(ballast)
  kept.push((await notes.create({ text: 'after' })).id)
  const ids = (await notes.find({ select: { id: true }, limit: 10_000 })).map((note) => note.id)
  assert.deepEqual(ids.sort(), kept.sort())
})
