import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { film, nothing, picture, Room } from './room.fixture.ts'

test('a form becomes a row with its files, told by content', async () => {
  await using room = await Room.open()
  const { status, body } = await room.post({
    title: 'Kites',
    source: film(),
    poster: new File([picture()], 'x.jpg', { type: 'image/jpeg' }),
  })
  assert.equal(status, 200)
  assert.equal(body.title, 'Kites')
  const { id } = body.source
  const url = `/files/videos/${body.id}/source?v=${id.slice(-12)}`
  assert.deepEqual(body.source, { id, name: 'kites.mp4', type: 'video/mp4', size: 200_000, url })
  assert.equal(body.poster.type, 'image/png')
  assert.deepEqual(await room.kept(), { rows: ['kites.mp4 attached', 'x.jpg attached'], keys: 2, unfinished: 0 })
})

test('a handler sees texts, lists of texts and files, and only those', async () => {
  await using room = await Room.open()
  let seen: any
  room.handle = ({ body }) => {
    seen = body
    return { ok: true }
  }
  await room.post({ title: ' नमस्ते ', source: film('C:\\clips\\kites.mp4', 5000), published: 'false' })
  assert.equal(seen.title, ' नमस्ते ')
  assert.equal(seen.published, false)
  assert.deepEqual(Object.keys(seen.source).sort(), ['id', 'key', 'name', 'size', 'type'])
  assert.equal(seen.source.name, 'kites.mp4')
})

test('files that no row took are removed after the handler', async () => {
  await using room = await Room.open()
  room.handle = () => ({ kept: 'nothing' })
  assert.equal((await room.post({ title: 'Kites', source: film() })).status, 200)
  assert.deepEqual(await room.kept(), nothing)
})

test('a handler that fails keeps nothing', async () => {
  await using room = await Room.open()
  room.handle = () => {
    throw new Error('no')
  }
  assert.equal((await room.post({ title: 'Kites', source: film() })).status, 500)
  assert.deepEqual(await room.kept(), nothing)
})

test('a form whose texts are refused keeps nothing', async () => {
  await using room = await Room.open()
  const { status, body } = await room.post({ title: '', source: film() })
  assert.deepEqual([status, body.code, body.issues[0].path], [422, 'TAPRI_INVALID', ['title']])
  assert.deepEqual(await room.kept(), nothing)
})

test('a file over maxSize is TAPRI_FILES_TOO_LARGE, naming field and limit', async () => {
  await using room = await Room.open()
  const { status, body } = await room.post({ title: 'Kites', source: film('big.mp4', 1024 * 1024 + 1) })
  assert.deepEqual([status, body.code], [413, 'TAPRI_FILES_TOO_LARGE'])
  assert.match(body.detail, /"big\.mp4" as source: it is larger than the 1 MB/)
  assert.deepEqual(body.facts, { field: 'source', maxSize: 1024 * 1024 })
  assert.deepEqual(await room.kept(), nothing)
  assert.equal((await room.post({ title: 'Kites', source: film('fits.mp4', 1024 * 1024) })).status, 200)
})

test('a file that lies about its type is TAPRI_FILES_TYPE and nothing of the form stays', async () => {
  await using room = await Room.open()
  const lies = new File([Buffer.alloc(50_000, 'x')], 'kites.mp4', { type: 'video/mp4' })
  const { status, body } = await room.post({ title: 'Kites', poster: picture(), source: lies })
  assert.deepEqual([status, body.code], [415, 'TAPRI_FILES_TYPE'])
  assert.match(body.detail, /claims to be video\/mp4 and is text, accepted are video\/\*/)
  assert.deepEqual(await room.kept(), nothing)
})

test('text files are taken as declared, and only while they are text', async () => {
  await using room = await Room.open()
  const good = await room.post({
    title: 'a',
    notes: new File(['name,age\n', 'é'.repeat(50_000)], 'a.csv', { type: 'application/vnd.ms-excel' }),
  })
  assert.equal(good.body.notes.type, 'text/csv')
  const bad = await room.post({ title: 'a', notes: new File(['a'.repeat(100_000), '\0'], 'a.txt', { type: 'text/plain' }) })
  assert.deepEqual([bad.status, bad.body.code], [415, 'TAPRI_FILES_TYPE'])
  const page = await room.post({ title: 'a', notes: new File(['<script>'], 'a.html', { type: 'text/html' }) })
  assert.deepEqual([page.status, page.body.code], [415, 'TAPRI_FILES_TYPE'])
  assert.equal((await room.kept()).keys, 1)
})

test('a field in which nobody chose a file is absent; an empty file is refused', async () => {
  await using room = await Room.open()
  const none = await room.post({ title: 'Kites', source: new File([], '', { type: 'application/octet-stream' }) })
  assert.deepEqual([none.status, none.body.source], [200, null])
  const empty = await room.post({ title: 'Kites', source: new File([], 'kites.mp4', { type: 'video/mp4' }) })
  assert.deepEqual(
    [empty.status, empty.body.code, empty.body.issues],
    [422, 'TAPRI_INVALID', [{ path: ['source'], message: 'must not be an empty file' }]],
  )
  assert.deepEqual(await room.kept(), nothing)
})

test('unknown file fields and second files are refused at once', async () => {
  await using room = await Room.open()
  for (const name of ['virus', 'title', '__proto__', 'constructor']) {
    const form = new FormData()
    form.append('title', 'Kites')
    form.append(name, film())
    const { status, body } = await room.send(form)
    assert.deepEqual([status, body.code, body.issues[0].path], [422, 'TAPRI_INVALID', [name]], name)
  }
  const twice = new FormData()
  twice.append('title', 'Kites')
  twice.append('source', film())
  twice.append('source', film())
  assert.deepEqual((await room.send(twice)).body.issues, [{ path: ['source'], message: 'takes one file, more were sent' }])
  assert.deepEqual(await room.kept(), nothing)
})

test('unknown texts, a text called __proto__ and a text for a file are refused by name', async () => {
  await using room = await Room.open()
  for (const name of ['colour', '__proto__', 'source']) {
    const { status, body } = await room.post({ title: 'Kites', poster: picture(), [`${name}`]: 'x' } as Record<string, string>)
    // `{ ['__proto__']: … }` above is an own key
    assert.deepEqual([status, body.code, body.issues[0].path], [422, 'TAPRI_INVALID', [name]], name)
  }
  assert.deepEqual(await room.kept(), nothing)
})

test('texts over 1 MB together are TAPRI_FILES_FORM_TOO_LARGE', async () => {
  await using room = await Room.open()
  const { status, body } = await room.post({ title: 'a'.repeat(600_000), published: 'b'.repeat(600_000) })
  assert.deepEqual([status, body.code], [413, 'TAPRI_FILES_FORM_TOO_LARGE'])
})

test('a text that is not UTF-8 is TAPRI_FILES_FORM', async () => {
  await using room = await Room.open()
  const socket = await open(room, Buffer.concat([head('title'), Buffer.from([0x61, 0xff, 0x62]), tail]))
  assert.match(await answer(socket), /^HTTP\/1\.1 400 .*text of \\"title\\" is not UTF-8.*TAPRI_FILES_FORM/s)
})

test('a sender that leaves half way leaves no bytes and no row', async () => {
  await using room = await Room.open()
  const body = Buffer.concat([
    head('poster', 'p.png'),
    Buffer.from(await picture().arrayBuffer()),
    crlf,
    head('source', 'k.mp4'),
    Buffer.from(await film().arrayBuffer()),
    tail,
  ])
  const settled = nextForm(room)
  const socket = await open(room, body.subarray(0, 150_000), body.length)
  await until(async () => (await room.kept()).unfinished === 1)
  assert.deepEqual((await room.kept()).rows, ['k.mp4 pending', 'p.png pending'])
  socket.destroy()
  await assert.rejects(settled, { code: 'TAPRI_FILES_ABORTED' })
  assert.deepEqual(await room.kept(), nothing)
})

test('a form that is cut off, with its connection open, is TAPRI_FILES_FORM and leaves nothing', async () => {
  await using room = await Room.open()
  const body = Buffer.concat([head('source', 'k.mp4'), Buffer.from(await film().arrayBuffer())])
  const socket = await open(room, body)
  assert.match(await answer(socket), /^HTTP\/1\.1 400 .*TAPRI_FILES_FORM/s)
  assert.deepEqual(await room.kept(), nothing)
})

test('a store that cannot write is TAPRI_FILES_STORE with status 507, and the row goes once it can be looked at again', async () => {
  await using room = await Room.open()
  const { rm, writeFile } = await import('node:fs/promises')
  // the first sweep, which makes the folder where it is not there, has ended then
  await room.files.sweep()
  await rm(`${room.folder}/files`, { recursive: true })
  await writeFile(`${room.folder}/files`, 'a file where the folder was')
  const { status, body } = await room.post({ title: 'Kites', source: film() })
  assert.deepEqual([status, body.code], [507, 'TAPRI_FILES_STORE'])
  assert.ok(!JSON.stringify(body).includes(room.folder))
  await rm(`${room.folder}/files`)
  assert.equal((await room.post({ title: 'Kites', source: film() })).status, 200)
  await room.files.sweep()
  assert.deepEqual((await room.kept()).rows, ['kites.mp4 attached'])
})

test('no mutation of a form ends the process or leaves anything: each is taken or answered with a documented error', async () => {
  await using room = await Room.open()
  room.handle = () => 'taken'
  const whole = Buffer.concat([
    head('title'),
    Buffer.from('Kites'),
    crlf,
    head('source', 'k.mp4'),
    Buffer.from(await film('', 5000).arrayBuffer()),
    crlf,
    head('notes', 'n.txt', 'text/plain'),
    Buffer.from('some notes'),
    tail,
  ])
  const place = fc.double({ min: 0, max: 1, noNaN: true })
  const put = fc.oneof(
    fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom('--b\r\n', '\r\n--b--\r\n', '\r\n\r\n', '"', '\0').map((word) => Buffer.from(word)),
  )
  const documented =
    /^(?:200|4(?:00|13|15|22)) (?:taken|.*"code":"TAPRI_(?:INVALID|FILES_(?:FORM|FORM_TOO_LARGE|TOO_LARGE|TYPE))")/
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(place, fc.nat(50), put), { minLength: 1, maxLength: 3 }), async (mutations) => {
      let bytes = whole
      for (const [from, length, put] of mutations) {
        const at = Math.floor(from * bytes.length)
        bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + length)])
      }
      const response = await fetch(`${room.url}/videos`, {
        method: 'POST',
        headers: { 'content-type': 'multipart/form-data; boundary=b' },
        body: bytes,
      })
      assert.match(`${response.status} ${await response.text()}`, documented)
    }),
    { numRuns: 150 },
  )
  assert.deepEqual(await room.kept(), nothing)
})

const crlf = Buffer.from('\r\n')
const tail = Buffer.from('\r\n--b--\r\n')

function head(name: string, filename?: string, type = 'video/mp4'): Buffer {
  const file = filename === undefined ? '' : `; filename="${filename}"\r\nContent-Type: ${type}`
  return Buffer.from(`--b\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`)
}

/** Sends bytes of a form by hand; `length` may announce more than are sent. */
async function open(room: Room, bytes: Buffer, length = bytes.length): Promise<Socket> {
  const { port } = new URL(room.url)
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(
    `POST /videos HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: ${length}\r\n\r\n`,
  )
  socket.write(bytes)
  return socket
}

async function answer(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) {
    text += chunk
    if (/\r\n\r\n.*\}$/s.test(text)) break
  }
  return text
}

/** What becomes of the next form that the room reads. */
function nextForm(room: Room): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const { readForm } = room.files
  room.files = {
    ...room.files,
    readForm: (...input) => {
      const reading = readForm(...input)
      reading.then(resolve, reject)
      return reading
    },
  }
  return promise
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 5))
}
