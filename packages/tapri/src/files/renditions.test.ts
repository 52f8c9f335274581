import assert from 'node:assert/strict'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { fileDb } from './file-db.ts'
import { openDisk } from './index.ts'
import { Renditions } from './renditions.ts'
import { picture, Room } from './room.fixture.ts'

const what = { name: '40x.webp', type: 'image/webp' }
const bytes = (content: string) => Readable.from([Buffer.from(content)])

test('of two processes that add the same, one keeps it, and both find it', async () => {
  await using room = await Room.open()
  const { file, nodes, keys } = await processes(room, 2)
  const added = await Promise.all(nodes.map((node, index) => node.add(file, what, bytes(`of ${index}`))))
  const kept = added.filter((one) => one !== undefined)
  assert.equal(kept.length, 1)
  for (const node of nodes) assert.deepEqual(await node.find(file, what.name), kept[0])
  assert.equal((await keys()).length, 2)
  assert.equal(await nodes[0]?.add(file, what, bytes('again')), undefined)
})

test('what is not whole is not found, and is made anew once its process must be gone', async () => {
  await using room = await Room.open()
  const { file, nodes, keys, store } = await processes(room, 1)
  const [node] = nodes
  await room.db.tapri_renditions.create({ ...what, file, key: 'left-over', at: new Date(room.clock.now()) })
  await store.put('left-over', bytes('hal'))
  assert.equal(await node?.find(file, what.name), undefined)
  assert.equal(await node?.add(file, what, bytes('whole')), undefined)
  room.clock.advance(60_000)
  const kept = await node?.add(file, what, bytes('whole'))
  assert.equal(await text(await store.get(kept?.key ?? '')), 'whole')
  assert.deepEqual((await keys()).includes('left-over'), false)
})

test('bytes whose row is removed while they come are removed too', async () => {
  await using room = await Room.open()
  const { file, nodes, keys } = await processes(room, 2)
  const gate = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  async function* slow() {
    yield Buffer.from('a')
    begun.resolve()
    await gate.promise
    yield Buffer.from('b')
  }
  const adding = nodes[0]?.add(file, what, Readable.from(slow()))
  await begun.promise
  await nodes[1]?.remove(file)
  gate.resolve()
  await assert.rejects(adding ?? Promise.resolve(), { code: 'TAPRI_NOT_FOUND' })
  assert.equal((await keys()).length, 1)
})

test('what is kept in the place of another leaves one', async () => {
  await using room = await Room.open()
  const { file, nodes, keys, store } = await processes(room, 1)
  await nodes[0]?.keep(file, what, bytes('first'))
  const second = await nodes[0]?.keep(file, what, bytes('second'))
  assert.equal(await text(await store.get(second?.key ?? '')), 'second')
  assert.equal((await keys()).length, 2)
  await nodes[0]?.remove(file)
  assert.deepEqual([(await keys()).length, await nodes[0]?.find(file, what.name)], [1, undefined])
})

test('what cannot be kept leaves what was there before', async () => {
  await using room = await Room.open()
  const { file, nodes, keys, store } = await processes(room, 1)
  const [node] = nodes
  const first = await node?.keep(file, what, bytes('first'))
  async function* broken() {
    yield Buffer.from('sec')
    throw new Error('The line is lost')
  }
  await assert.rejects(node?.keep(file, what, Readable.from(broken())) ?? Promise.resolve(), /The line is lost/)
  assert.deepEqual(await node?.find(file, what.name), first)
  assert.equal(await text(await store.get(first?.key ?? '')), 'first')
  assert.equal(await room.db.tapri_renditions.count(), 1)
  await node?.keep(file, what, bytes('third'))
  assert.equal((await keys()).length, 2)
})

test('of two that are kept in the place of one at once, one stays', async () => {
  await using room = await Room.open()
  const { file, nodes, keys, store } = await processes(room, 2)
  await nodes[0]?.keep(file, what, bytes('first'))
  await Promise.all(nodes.map((node, index) => node.keep(file, what, bytes(`of ${index}`))))
  const kept = await nodes[0]?.find(file, what.name)
  assert.match(await text(await store.get(kept?.key ?? '')), /^of [01]$/)
  assert.deepEqual([(await keys()).length, await room.db.tapri_renditions.count()], [2, 1])
})

test('what comes to its end after its file was given up is removed', async () => {
  await using room = await Room.open()
  const { file, nodes, keys } = await processes(room, 1)
  async function* late() {
    yield Buffer.from('a')
    // by another process, which has removed all that it knew of by now
    await room.db.tapri_files.updateWhere({ id: file }, { state: 'orphaned' })
    yield Buffer.from('b')
  }
  await assert.rejects(nodes[0]?.add(file, what, Readable.from(late())) ?? Promise.resolve(), { code: 'TAPRI_NOT_FOUND' })
  assert.deepEqual([(await keys()).length, await room.db.tapri_renditions.count()], [1, 0])
})

test('a file takes what was made of it with it', async () => {
  await using room = await Room.open()
  const { file, nodes, keys, row } = await processes(room, 1)
  await nodes[0]?.add(file, what, bytes('small'))
  await room.db.videos.delete(row)
  await room.files.sweep()
  assert.deepEqual([await keys(), await room.db.tapri_renditions.count(), await room.db.tapri_files.count()], [[], 0, 0])
})

/** A file that a row has, and what several processes on its database and store would keep of it. */
async function processes(room: Room, count: number) {
  const { body } = await room.post({ title: 'Kites', poster: picture() })
  const store = await openDisk(join(room.folder, 'files'))
  const tools = { db: fileDb(room.database.asSystem), store, clock: room.clock }
  const nodes = Array.from({ length: count }, () => new Renditions(tools))
  return { file: body.poster.id, row: body.id, store, nodes, keys: () => Array.fromAsync(store.list()) }
}
