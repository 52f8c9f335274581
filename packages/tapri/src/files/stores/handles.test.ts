import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { manualClock } from '../../kit/clock.ts'
import { type Lease, SharedHandles } from './handles.ts'

async function kites() {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-handles-'))
  const clock = manualClock()
  const handles = new SharedHandles(clock)
  const path = (index: number) => join(folder, `kite-${index}`)
  for (let index = 0; index < 150; index++) await writeFile(path(index), `kite ${index}`)
  const dispose = async () => {
    await handles.close()
    await rm(folder, { recursive: true })
  }
  return { clock, handles, path, [Symbol.asyncDispose]: dispose }
}

/** Closing takes a turn or two of the event loop. */
async function isClosed({ handle }: Lease): Promise<boolean> {
  for (let turn = 0; turn < 1000 && handle.fd !== -1; turn++) await new Promise((resolve) => setImmediate(resolve))
  return handle.fd === -1
}

test('a file stays open for two seconds after its last reader, for the next one', async () => {
  await using place = await kites()
  const first = await place.handles.lease(place.path(0))
  await first.release()
  place.clock.advance(1_999)
  const second = await place.handles.lease(place.path(0))
  assert.equal(second.handle, first.handle)
  place.clock.advance(10_000)
  assert.notEqual(second.handle.fd, -1)
  await second.release()
  place.clock.advance(4_000)
  assert.ok(await isClosed(second))
})

test('of more than a hundred files that nobody reads the first are closed', async () => {
  await using place = await kites()
  const leases: Lease[] = []
  for (let index = 0; index < 150; index++) {
    const lease = await place.handles.lease(place.path(index))
    await lease.release()
    leases.push(lease)
  }
  const open = leases.map(({ handle }) => handle.fd !== -1)
  assert.deepEqual(
    open,
    Array.from({ length: 150 }, (_, index) => index >= 50),
  )
})

test('what was replaced is read anew, and closed when those who read it before have left', async () => {
  await using place = await kites()
  const before = await place.handles.lease(place.path(0))
  await rm(place.path(0))
  await writeFile(place.path(0), 'another')
  await place.handles.renew(place.path(0))
  const after = await place.handles.lease(place.path(0))
  assert.equal(await before.handle.readFile('utf8'), 'kite 0')
  assert.equal(await after.handle.readFile('utf8'), await readFile(place.path(0), 'utf8'))
  await before.release()
  assert.ok(await isClosed(before))
  assert.notEqual(after.handle.fd, -1)
  await after.release()
})

test('closing closes what nobody reads', async () => {
  await using place = await kites()
  const lease = await place.handles.lease(place.path(0))
  await lease.release()
  await place.handles.close()
  assert.ok(await isClosed(lease))
})
