import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { startApp } from 'tapri'
import { client, closeClient } from 'tapri/client'
import { manualClock } from '../packages/tapri/src/kit/clock.ts'
import { type LogEntry, openLog } from '../packages/tapri/src/observe/index.ts'
import app, { closing, frame, handshake, opcodes, openEvents, openWire, post, slow } from './live-abuse.fixture.ts'

const list = (id: number, rank = 0) => ({ type: 'subscribe', id, route: 'notes.list', input: { rank } })

/** A server with somebody on it who does nothing wrong. */
async function open(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-abuse-'))
  const clock = manualClock()
  const entries: LogEntry[] = []
  const log = openLog({ format: 'silent', clock })
  log.subscribe((entry) => entries.push(entry))
  const environment = { NODE_ENV: 'test', DATABASE_URL: 'sqlite::memory:', FILES_URL: `disk:${folder}` }
  const server = await startApp(app.description, {
    ...{ environment, file: null, host: '127.0.0.1', port: 0, log, migrate: 'auto', clock },
  })
  const port = Number(new URL(server.url).port)
  const other = await openWire(port)
  other.write(list(1))
  await other.came(1)
  t.after(async () => {
    other.socket.destroy()
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })
  const db: any = server.database.asSystem
  return {
    server,
    entries,
    port,
    clock,
    db,
    /** Whoever does nothing wrong is served as ever. */
    async isWell(): Promise<void> {
      const seen = other.texts.length
      await db.notes.create({ text: 'kites' })
      const frames = await other.came(seen + 1)
      assert.equal(frames.at(-1).type, 'patch')
    },
    /** Resolves once there is nobody else. */
    async isAlone(): Promise<void> {
      while (server.live.connections > 1) await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

const part = (payload: string | Buffer, opcode: number = opcodes.continuation) => frame(payload, { opcode, isLast: false })
const bytes = (...values: number[]) => Buffer.from(values)
const invalid = {
  'a byte that begins nothing': bytes(0x80),
  'bytes that no text has': bytes(0xff, 0xfe),
  'an overlong slash': bytes(0xc0, 0xaf),
  'an overlong zero': bytes(0xe0, 0x80, 0x80),
  'half of a sign': bytes(0xed, 0xa0, 0x80),
  'a sign beyond the last': bytes(0xf4, 0x90, 0x80, 0x80),
  'a sign that ends too soon': bytes(0xe2, 0x82),
}

const faults: readonly (readonly [string, number, ...Buffer[]])[] = [
  ...[4, 2, 1].map((reserved) => [`the reserved bit ${reserved}`, 1002, frame('{}', { reserved })] as const),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => [`the opcode ${opcode}`, 1002, frame('{}', { opcode })] as const),
  ['a frame without a mask', 1002, frame('{}', { isMasked: false })],
  ['an end without a beginning', 1002, frame('{}', { opcode: opcodes.continuation })],
  ['a middle without a beginning', 1002, part('{}')],
  ['a message within another', 1002, part('{', opcodes.text), frame('{}')],
  ['a ping in parts', 1002, part('', opcodes.ping)],
  ['a ping of 126 bytes', 1002, frame('x'.repeat(126), { opcode: opcodes.ping })],
  ['a pong of 126 bytes', 1002, frame('x'.repeat(126), { opcode: opcodes.pong })],
  ['a close of 126 bytes', 1002, frame('x'.repeat(126), { opcode: opcodes.close })],
  ['a ping with a reserved bit', 1002, frame('', { opcode: opcodes.ping, reserved: 4 })],
  ['a length beyond what a frame may have', 1009, frame('', { length: 65_537 })],
  ['a length of 4 GB', 1009, frame('', { length: 2 ** 32 })],
  ['a length with the highest bit', 1009, frame('', { length: 2n ** 63n })],
  ['parts that are too much together', 1009, part('x'.repeat(40_000), opcodes.text), part('x'.repeat(40_000))],
  ['parts without number', 1008, part('{', opcodes.text), ...Array.from({ length: 20_000 }, () => part(''))],
  ['bytes', 1003, frame('{}', { opcode: opcodes.binary })],
  ['bytes in parts', 1003, part('{', opcodes.binary), frame('}', { opcode: opcodes.continuation })],
  ...Object.entries(invalid).flatMap(([what, text]) => [
    [`${what}`, 1007, frame(Buffer.concat([bytes(0x22), text, bytes(0x22)]))] as const,
    [
      `${what}, at the end of the last part`,
      1007,
      part('"', opcodes.text),
      frame(text, { opcode: opcodes.continuation }),
    ] as const,
    [`${what}, as a reason`, 1007, closing(1000, text)] as const,
  ]),
  ['a close of one byte', 1002, frame('x', { opcode: opcodes.close })],
  ...[0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535].map(
    (code) => [`the close code ${code}`, 1002, closing(code)] as const,
  ),
]

test('what breaks the protocol of sockets ends that socket with the code for it, and nothing else', async (t) => {
  const { port, isWell, isAlone } = await open(t)
  for (const [what, code, ...frames] of faults) {
    const wire = await openWire(port)
    wire.write(...frames)
    assert.equal(await wire.closed, code, what)
  }
  await isAlone()
  await isWell()
})

test('a close with a code that is one is answered with the same', async (t) => {
  const { port } = await open(t)
  for (const code of [1000, 1001, 1003, 1007, 1011, 3000, 3999, 4000, 4999]) {
    const wire = await openWire(port)
    wire.write(closing(code, 'café'))
    assert.equal(await wire.closed, code)
  }
})

test('a message is one however it is cut: in parts of one byte with pings between them, and one byte at a time', async (t) => {
  const { port } = await open(t)
  const text = Buffer.from('{"type":"subscribe","id":1,"route":"café"}')
  const parts = [...text].map((byte, index) => {
    return frame(bytes(byte), { opcode: index === 0 ? opcodes.text : opcodes.continuation, isLast: index === text.length - 1 })
  })
  const wire = await openWire(port)
  wire.write(...parts.flatMap((each, index) => [each, frame(String(index), { opcode: opcodes.ping })]))
  const [refused] = await wire.came(1)
  assert.match(refused.problem.detail, /café/)
  assert.equal(refused.problem.code, 'TAPRI_LIVE_ROUTE')
  const slowly = await openWire(port)
  slowly.socket.setNoDelay(true)
  for (const byte of Buffer.concat([
    frame(text),
    part('', opcodes.text),
    part(''),
    frame(text, { opcode: opcodes.continuation }),
  ])) {
    slowly.socket.write(bytes(byte))
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.deepEqual(
    (await slowly.came(2)).map(({ problem }) => problem.code),
    ['TAPRI_LIVE_ROUTE', 'TAPRI_LIVE_ROUTE'],
  )
  wire.write({ type: 'ping' })
  assert.equal((await wire.came(2)).at(-1).type, 'pong')
  assert.deepEqual(
    wire.pongs.map(String),
    parts.map((_, index) => String(index)),
  )
})

test('what is small on the line and large in memory is refused before it is large, and what is no compression at all', async (t) => {
  const { port, isWell } = await open(t)
  const bomb = deflateRawSync(Buffer.alloc(50_000_000, 0x20))
  const compressed = (payload: Buffer) => frame(payload, { reserved: 4 })
  assert.ok(bomb.length < 65_536)
  for (const [payload, code] of [
    [bomb, 1009],
    [Buffer.from('no compression at all'), 1007],
  ] as const) {
    const wire = await openWire(port, { compresses: true })
    wire.write(compressed(payload))
    assert.equal(await wire.closed, code)
  }
  await isWell()
})

test('who pings without end and reads nothing is cut', async (t) => {
  const { port, isWell, isAlone } = await open(t)
  const wire = await openWire(port)
  wire.socket.pause()
  const many = Buffer.concat(Array.from({ length: 1_000 }, () => frame('x'.repeat(125), { opcode: opcodes.ping })))
  while (!wire.socket.destroyed) {
    if (!wire.socket.write(many)) await new Promise((resolve) => setImmediate(resolve))
  }
  await isAlone()
  await isWell()
})

for (const [what, subscribes, at] of [
  ['answers that do not come', true, undefined],
  ['a token that never comes', false, 999_999],
] as const) {
  test(`pings that wait for ${what} are not taken without end`, async (t) => {
    const { port, isWell, server } = await open(t)
    const wire = await openWire(port)
    if (subscribes) wire.write({ type: 'subscribe', id: 1, route: 'notes.slow', input: { number: 1 } })
    const ping = { type: 'ping', ...(at !== undefined && { at: `${server.database.changes.epoch}.${at}` }) }
    wire.write(...Array.from({ length: 256 }, () => ping), { type: 'unsubscribe', id: 7 })
    wire.write(...Array.from({ length: 30 }, () => ping))
    assert.equal(await wire.closed, 4500)
    assert.deepEqual(
      wire.texts.map(({ problem }) => problem.code),
      Array.from({ length: 20 }, () => 'TAPRI_LIVE_TOO_MANY'),
    )
    await isWell()
  })
}

test('pongs come in the order of their pings, whatever each waits for', async (t) => {
  const { port, db, server } = await open(t)
  const wire = await openWire(port)
  const { epoch } = server.database.changes
  const next = server.database.changes.position() + 1
  wire.write({ type: 'ping', at: `${epoch}.${next}` }, { type: 'ping' }, list(2))
  await wire.came(1)
  assert.deepEqual(
    wire.texts.map(({ type }) => type),
    ['snapshot'],
  )
  await db.notes.create({ text: 'kites', rank: 9 })
  assert.deepEqual(
    (await wire.came(3)).slice(1).map(({ type, at }) => [type, at]),
    [
      ['pong', `${epoch}.${next}`],
      ['pong', `${epoch}.${next}`],
    ],
  )
})

/** Is answered, however often it is said: it is an error, and makes sense. */
const nowhere = { type: 'subscribe', id: 1_000, route: 'nowhere' }

test('who follows much and reads nothing is cut when more than a little waits', async (t) => {
  const { port, db, isWell, isAlone, server } = await open(t)
  const wire = await openWire(port)
  wire.write(...Array.from({ length: 100 }, (_, id) => list(id, 1)))
  await wire.came(100)
  wire.socket.pause()
  const text = 'x'.repeat(200_000)
  while (server.live.connections > 1) {
    await db.notes.create({ text, rank: 1 })
    wire.write(...Array.from({ length: 500 }, () => nowhere))
    await new Promise((resolve) => setImmediate(resolve))
  }
  await isAlone()
  wire.socket.destroy()
  await isWell()
})

test('sockets that never finish their handshake, or say nothing after it, keep nobody out', async (t) => {
  const { port, clock, isWell, isAlone } = await open(t)
  const half = Array.from({ length: 200 }, () => connect(port, '127.0.0.1'))
  for (const [index, socket] of half.entries()) {
    socket.on('error', () => {})
    socket.write(handshake().slice(0, 20 + index))
  }
  const silent = await Promise.all(Array.from({ length: 200 }, () => openWire(port, { hello: false })))
  await isWell()
  clock.advance(10_000)
  for (const wire of silent) assert.equal(await wire.closed, 4000)
  await isAlone()
  for (const socket of half) socket.destroy()
})

test('who is told goodbye and does not answer is cut', async (t) => {
  const { port, isAlone } = await open(t)
  const wire = await openWire(port, { answersClose: false })
  wire.write(frame('{}', { opcode: opcodes.binary }))
  assert.equal(await wire.closed, 1003)
  await isAlone()
})

test('nonsense without end is answered twenty times and no more, over sockets and over events', async (t) => {
  const { port, isWell, server } = await open(t)
  for (const nonsense of [
    '',
    '{',
    '[]',
    '{"type":"shout"}',
    `${'['.repeat(30_000)}`,
    '{"type":"hello"}',
    '{"type":"pong","type":7}',
  ]) {
    const wire = await openWire(port)
    wire.write(...Array.from({ length: 1_000 }, () => nonsense))
    assert.equal(await wire.closed, 4500, nonsense.slice(0, 20))
    assert.equal(wire.texts.length, 20)
    if (nonsense === '') continue
    const events = await openEvents(server.apiUrl)
    await events.send(Array.from({ length: 1_000 }, () => nonsense.slice(0, 500)).join('\n'))
    assert.equal((await events.all()).at(-1).code, 4500)
  }
  await isWell()
})

test('a frame that is too large ends a line of events as it ends a socket', async (t) => {
  const { isWell, isAlone, server } = await open(t)
  const events = await openEvents(server.apiUrl)
  await events.send(JSON.stringify({ type: 'ping', at: 'é'.repeat(33_000) }))
  assert.deepEqual(
    (await events.all()).map(({ type, code }) => [type, code]),
    [
      ['line', undefined],
      ['welcome', undefined],
      ['close', 1009],
    ],
  )
  assert.equal(await events.send('{"type":"ping"}'), 404)
  await isAlone()
  await isWell()
})

test('who follows over events and does not read is told to come back when more than a little waits', async (t) => {
  const { port, db, isWell, isAlone, server, entries } = await open(t)
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET /api/live/events HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAccept: text/event-stream\r\n\r\n')
  let head = ''
  while (!head.includes('"line"')) head += String((await once(socket, 'data'))[0])
  const line = /"id":"([^"]+)"/.exec(head)?.[1] ?? ''
  const send = (...frames: object[]) => post(server.apiUrl, line, frames.map((each) => JSON.stringify(each)).join('\n'))
  await send({ type: 'hello' }, list(1, 1))
  socket.pause()
  const text = 'x'.repeat(200_000)
  while (!entries.some(({ event }) => event === 'live.socket.slow')) {
    await db.notes.create({ text, rank: 1 })
    await send(...Array.from({ length: 500 }, () => nowhere))
  }
  let end = ''
  for await (const chunk of socket) end = (end + String(chunk)).slice(-200)
  assert.match(end, /data: ?\{"type":"close","code":4008,/)
  await isAlone()
  await isWell()
})

test('a page of other origins, and one who guesses, gets no word into the line of somebody else', async (t) => {
  const { server } = await open(t)
  const events = await openEvents(server.apiUrl)
  for (const line of ['', 'x', '__proto__', 'A'.repeat(32), 'A'.repeat(65)]) {
    assert.match(String(await post(server.apiUrl, line, '{"type":"ping"}')), /^4(00|04|22)$/)
  }
  const foreign = await fetch(`${server.apiUrl}/live/frames?line=${events.line}`, {
    method: 'POST',
    headers: { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' },
    body: '{"type":"ping"}',
  })
  assert.equal(foreign.status, 403)
  events.leave()
})

test('handlers of those who subscribe and leave at once do not pile up', async (t) => {
  const { port, isWell, server } = await open(t)
  const wire = await openWire(port)
  for (let id = 0; id < 5_000; id++) {
    wire.write({ type: 'subscribe', id, route: 'notes.slow', input: { number: id } }, { type: 'unsubscribe', id })
    if (id % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  wire.write({ type: 'ping' })
  await wire.came(1)
  await server.live.settled()
  assert.ok(slow.most <= 200, `${slow.most} ran at once`)
  assert.deepEqual([slow.now, server.live.subscriptions], [0, 1])
  wire.socket.destroy()
  await isWell()
})

test('a client whose request for events came too slowly asks again', async (t) => {
  const { server } = await open(t)
  let isFirst = true
  const api = client<typeof app>(server.apiUrl, {
    live: 'events',
    fetch: async (url, init) => {
      if (!isFirst || !String(url).endsWith('/live/events')) return fetch(url, init)
      isFirst = false
      return new Response(null, { status: 408 })
    },
  })
  t.after(() => closeClient(api))
  using notes = api.notes.list.live({})
  assert.deepEqual([await notes.ready, isFirst], [[], false])
})
