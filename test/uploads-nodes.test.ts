import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readdir, rm, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { scratchDatabase } from 'tapri/data'
import { systemClock } from '../packages/tapri/src/kit/clock.ts'
import { film, keptIn, metadata, nameIn, newFolder, openNode, patch, sha256 } from './uploads.fixture.ts'

const tus = { 'Tus-Resumable': '1.0.0' }
const server = process.env.TEST_POSTGRES_URL
const skip = server === undefined ? 'PostgreSQL is not there: npm run services tells how to get it' : false

/** Two nodes of one app, on one database and one folder: one in this process, one to be killed. */
async function openNodes() {
  const folder = await newFolder()
  const scratch = await scratchDatabase(server ?? '')
  const here = await openNode({ folder, database: scratch.url, clock: systemClock })
  const there = fork(join(import.meta.dirname, 'uploads-node.fixture.ts'), [folder, scratch.url])
  const [api] = await once(there, 'message')
  return {
    folder,
    here,
    there,
    api: String(api),
    async [Symbol.asyncDispose]() {
      await kill(there)
      await here.stop()
      await scratch.dispose()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

async function begin(api: string, length: number): Promise<string> {
  const headers = {
    ...tus,
    'Upload-Length': String(length),
    'Upload-Metadata': metadata({ route: 'videos.create', field: 'source' }),
  }
  const answer = await fetch(`${api}/uploads`, { method: 'POST', headers })
  return nameIn(answer.headers.get('location') ?? '')
}

/** Sends the first bytes of a PATCH to a node, and waits until it has written some of them. */
async function beginPatch(folder: string, url: string, bytes: Buffer, announced: number) {
  const { hostname, port, pathname } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  socket.write(
    `PATCH ${pathname} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: ${announced}\r\n\r\n`,
  )
  socket.write(bytes)
  const partial = join(folder, 'files', 'partial')
  for (;;) {
    const [name] = await readdir(partial)
    if (name !== undefined && (await stat(join(partial, name))).size >= 1024 * 1024) return socket
    await pause(5)
  }
}

test('an upload to a node that is killed in its midst goes on at another one, and arrives intact', { skip }, async () => {
  await using nodes = await openNodes()
  const { here, there, api, folder } = nodes
  const bytes = film(5_000_000)
  const name = await begin(api, bytes.length)
  const socket = await beginPatch(folder, `${api}/uploads/${name}`, bytes.subarray(0, 3_000_000), bytes.length)
  await kill(there)
  socket.destroy()

  // until its lease is over the killed one could be at work
  const url = `${here.apiUrl}/uploads/${name}`
  const head = await fetch(url, { method: 'HEAD', headers: tus })
  const offset = Number(head.headers.get('upload-offset'))
  assert.ok(offset >= 1024 * 1024 && offset <= 3_000_000, String(offset))
  assert.equal((await patch(url, offset, bytes.subarray(offset))).status, 204)
  const created = await fetch(`${here.apiUrl}/videos`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ title: 'Kites', source: { upload: name } }),
  })
  const { source } = await created.json()
  const got = Buffer.from(await (await fetch(new URL(source.url, here.apiUrl))).arrayBuffer())
  assert.equal(sha256(got), sha256(bytes))
  assert.deepEqual((await keptIn(folder, here.database.asSystem)).files, ['kites.mp4 attached'])
})

test('a request that hangs at one node is ended by one that comes to another', { skip }, async () => {
  await using nodes = await openNodes()
  const { here, api, folder } = nodes
  const bytes = film(3_000_000)
  const name = await begin(here.apiUrl, bytes.length)
  const socket = await beginPatch(folder, `${api}/uploads/${name}`, bytes.subarray(0, 2_000_000), bytes.length)
  const answered = once(socket, 'data')
  const url = `${here.apiUrl}/uploads/${name}`
  const head = await fetch(url, { method: 'HEAD', headers: tus })
  const offset = Number(head.headers.get('upload-offset'))
  assert.equal((await patch(url, offset, bytes.subarray(offset))).headers.get('upload-offset'), String(bytes.length))
  assert.match(String((await answered)[0]), /TAPRI_FILES_TAKEN_OVER/)
  const row = await (here.database.asSystem as any).tapri_files.first({})
  assert.equal(row.sha256, sha256(bytes))
})

test('pieces that come to two nodes in turn make one file', { skip }, async () => {
  await using nodes = await openNodes()
  const { here, api } = nodes
  const bytes = film(2_400_000)
  const name = await begin(api, bytes.length)
  for (let at = 0, turn = 0; at < bytes.length; at += 300_000, turn++) {
    const node = turn % 2 === 0 ? here.apiUrl : api
    assert.equal((await patch(`${node}/uploads/${name}`, at, bytes.subarray(at, at + 300_000))).status, 204)
  }
  const row = await (here.database.asSystem as any).tapri_files.first({})
  assert.deepEqual([row.sha256, row.size], [sha256(bytes), bytes.length])
})

test('what a killed node has received of a form is swept by another, once it has not been heard of for two minutes', {
  skip,
}, async () => {
  await using nodes = await openNodes()
  const { here, there, api, folder } = nodes
  const { hostname, port, pathname } = new URL(`${api}/videos`)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  socket.write(
    `POST ${pathname} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 3000500\r\n\r\n--b\r\nContent-Disposition: form-data; name="source"; filename="half.mp4"\r\n\r\n`,
  )
  socket.write(film(2_000_000))
  const db: any = here.database.asSystem
  while ((await db.tapri_files.count()) === 0) await pause(5)
  await kill(there)
  await here.files.sweep()
  assert.deepEqual((await keptIn(folder, db)).files, ['half.mp4 pending'])
  await db.tapri_files.updateWhere({ state: 'pending' }, { expires: new Date(Date.now() - 1) })
  await here.files.sweep()
  assert.deepEqual((await keptIn(folder, db)).files, [])
})
