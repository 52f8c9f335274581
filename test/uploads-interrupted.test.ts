import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Films, film, nameIn, nothingKept, patch, sha256 } from './uploads.fixture.ts'

const tus = { 'Tus-Resumable': '1.0.0' }

/** Sends the head of a PATCH and some of its bytes, and leaves the connection open. */
async function beginPatch(url: string, offset: number, bytes: Buffer, announced = bytes.length): Promise<Socket> {
  const { hostname, port, pathname } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(
    `PATCH ${pathname} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: ${offset}\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: ${announced}\r\n\r\n`,
  )
  socket.write(bytes)
  return socket
}

async function offsetOf(url: string): Promise<number> {
  const answer = await fetch(url, { method: 'HEAD', headers: tus })
  assert.equal(answer.status, 204)
  return Number(answer.headers.get('upload-offset'))
}

/** Until the bytes have been read from the connection. */
async function arrived(films: Films, size: number): Promise<void> {
  const { readdir, stat } = await import('node:fs/promises')
  for (;;) {
    const [name] = await readdir(`${films.folder}/files/partial`)
    if (name !== undefined && (await stat(`${films.folder}/files/partial/${name}`)).size >= size) return
    await pause(5)
  }
}

test('what came before a connection was cut is kept, and the file arrives intact', async () => {
  await using films = await Films.open()
  const bytes = film(3_000_000)
  const url = await films.begin(bytes.length)
  let offset = 0
  for (let cut = 0; cut < 6; cut++) {
    const socket = await beginPatch(url, offset, bytes.subarray(offset, offset + 400_000), bytes.length - offset)
    await pause(10)
    socket.resetAndDestroy()
    const kept = await offsetOf(url)
    assert.ok(kept >= offset && kept <= offset + 400_000, `${offset} to ${kept}`)
    offset = kept
  }
  assert.equal((await patch(url, offset, bytes.subarray(offset))).headers.get('upload-offset'), String(bytes.length))
  assert.equal((await films.db.tapri_files.first({})).sha256, sha256(bytes))
})

test('a later request ends the one that hangs, and its offset is taken', async () => {
  await using films = await Films.open()
  const bytes = film(2_000_000)
  const url = await films.begin(bytes.length)
  const socket = await beginPatch(url, 0, bytes.subarray(0, 1_100_000), bytes.length)
  await arrived(films, 1_048_576)
  const answered = once(socket, 'data')
  const offset = await offsetOf(url)
  assert.ok(offset >= 1_048_576 && offset <= 1_100_000, String(offset))
  const answer = await patch(url, offset, bytes.subarray(offset))
  assert.equal(answer.headers.get('upload-offset'), String(bytes.length))
  assert.match(String((await answered)[0]), /^HTTP\/1.1 409 [\s\S]*TAPRI_FILES_TAKEN_OVER/)
  assert.equal((await films.db.tapri_files.first({})).sha256, sha256(bytes))
})

test('giving up an upload ends the request that sends it', async () => {
  await using films = await Films.open()
  const bytes = film(1_500_000)
  const url = await films.begin(3_000_000)
  const socket = await beginPatch(url, 0, bytes, 3_000_000)
  await arrived(films, 1_048_576)
  const closed = once(socket, 'close')
  assert.equal((await fetch(url, { method: 'DELETE', headers: tus })).status, 204)
  socket.resume()
  await closed
  assert.deepEqual(await films.kept(), nothingKept)
})

test('of many requests at once for one offset, one is kept and the file is whole', async () => {
  await using films = await Films.open()
  const bytes = film(600_000)
  const url = await films.begin(bytes.length)
  const answers = await Promise.all(Array.from({ length: 8 }, () => patch(url, 0, bytes).catch(() => undefined)))
  const statuses = answers.map((answer) => answer?.status)
  assert.ok(
    statuses.every((status) => status === undefined || [204, 400, 409].includes(status)),
    String(statuses),
  )
  const offset = await offsetOf(url)
  if (offset < bytes.length) await patch(url, offset, bytes.subarray(offset))
  assert.equal((await films.db.tapri_files.first({})).sha256, sha256(bytes))
})

test('an upload goes on after the app has been stopped and started', async () => {
  await using films = await Films.open()
  const bytes = film(900_000)
  const url = await films.begin(bytes.length)
  await patch(url, 0, bytes.subarray(0, 300_000))
  await films.started.stop()
  const next = await films.another()
  try {
    const moved = `${next.apiUrl}/uploads/${nameIn(url)}`
    assert.equal(await offsetOf(moved), 300_000)
    assert.equal((await patch(moved, 300_000, bytes.subarray(300_000))).status, 204)
    const row = await (next.database.asSystem as any).tapri_files.first({})
    assert.equal(row.sha256, sha256(bytes))
  } finally {
    await next.stop()
  }
})

test('a process that was killed right after the last byte leaves an upload that can be used', async () => {
  await using films = await Films.open()
  const bytes = film(100_000)
  const url = await films.begin(bytes.length)
  await patch(url, 0, bytes.subarray(0, 60_000))
  // what is written before the answer, and nothing of what comes after it
  const upload = await films.db.tapri_uploads.first({})
  const file = await films.db.tapri_files.first({})
  const { openDisk } = await import('tapri/files')
  const { Readable } = await import('node:stream')
  const store = await openDisk(`${films.folder}/files`)
  await store.pieces.append({ key: file.key, memo: upload.memo }, 60_000, Readable.from([bytes.subarray(60_000)]))
  await store.pieces.complete({ key: file.key, memo: upload.memo })
  const answer = await fetch(`${films.api}/videos`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ title: 'Kites', source: { upload: nameIn(url) } }),
  })
  assert.deepEqual([answer.status, (await answer.json()).source?.size], [200, 100_000])
})
