import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { request as ask } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { openRaw } from './socket.fixture.ts'
import { openStall, type Stall, settle, turns } from './stall.fixture.ts'

const list = (id: number) => ({ type: 'subscribe', id, route: 'videos.list', input: {} })
const codes = (frames: any[]) => frames.map((frame) => frame.problem?.code ?? frame.type)

/** The server still answers others. */
async function isWell(stall: Stall) {
  const raw = await openRaw(stall.port)
  raw.send(list(1))
  assert.deepEqual(codes(await raw.settle()), ['snapshot'])
  raw.socket.terminate()
}

test('frames are answered in the shapes of the protocol', async (t) => {
  const stall = await openStall(t)
  const { user } = await stall.member('Ann')
  const raw = await openRaw(stall.port)
  raw.send({ type: 'subscribe', id: 7, route: 'videos.get', input: { id: 'none' } }, list(8))
  const [refused, snapshot] = (await raw.settle()).sort((one, other) => one.id - other.id)
  assert.partialDeepStrictEqual(refused, {
    type: 'error',
    id: 7,
    problem: { status: 404, code: 'TAPRI_NOT_FOUND', title: 'Not Found' },
  })
  assert.partialDeepStrictEqual(snapshot, { type: 'snapshot', id: 8, value: [] })
  await stall.db.videos.create({ title: 'Kites', published: true, author: user.id })
  const patch = await raw.next()
  const [change] = patch.changes
  assert.deepEqual([patch.type, change.topic, change.from], ['patch', snapshot.topic, snapshot.etag])
  raw.send({ type: 'unsubscribe', id: 8 }, { ...list(9), etag: change.etag }, { ...list(10), etag: snapshot.etag })
  const [current, whole] = await raw.settle()
  assert.deepEqual([current.type, current.id], ['current', 9])
  assert.deepEqual([whole.type, whole.id, whole.value.length], ['snapshot', 10, 1])
})

test('a pong comes after the answers to everything before its ping', async (t) => {
  const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()]
  const stall = await openStall(t, {
    slow: () => {
      asked.resolve()
      return answer.promise
    },
  })
  const raw = await openRaw(stall.port)
  raw.send({ type: 'subscribe', id: 1, route: 'slow' }, { type: 'ping' })
  await asked.promise
  await turns(20)
  assert.deepEqual(raw.frames, [])
  answer.resolve('done')
  assert.deepEqual([(await raw.next()).type, (await raw.next()).type], ['snapshot', 'pong'])
})

test('frames that make no sense are each told so', async (t) => {
  const stall = await openStall(t)
  for (const [frame, code, id] of [
    ['', 'TAPRI_KIT_JSON'],
    ['{"type":', 'TAPRI_KIT_JSON'],
    ['[]', 'TAPRI_LIVE_FRAME'],
    ['null', 'TAPRI_LIVE_FRAME'],
    ['"~t2026"', 'TAPRI_LIVE_FRAME'],
    ['{}', 'TAPRI_LIVE_FRAME'],
    ['{"type":"shout"}', 'TAPRI_LIVE_FRAME'],
    ['{"type":"subscribe","id":1e400,"route":"videos.list"}', 'TAPRI_LIVE_FRAME'],
    ['{"type":"subscribe","id":2147483648,"route":"videos.list"}', 'TAPRI_LIVE_FRAME'],
    ['{"type":"subscribe","id":-1,"route":"videos.list"}', 'TAPRI_LIVE_FRAME'],
    ['{"type":"subscribe","id":"1","route":"videos.list"}', 'TAPRI_LIVE_FRAME'],
    ['{"type":"subscribe","id":1,"route":9}', 'TAPRI_LIVE_FRAME', 1],
    ['{"type":"subscribe","id":1,"route":"videos.list","input":[]}', 'TAPRI_LIVE_FRAME', 1],
    ['{"type":"subscribe","id":1,"route":"videos.list","etag":{}}', 'TAPRI_LIVE_FRAME', 1],
    [`{"type":"subscribe","id":1,"route":"videos.list","input":${'{"a":'.repeat(80)}1${'}'.repeat(80)}}`, 'TAPRI_KIT_JSON', 1],
    ['{"type":"subscribe","id":1,"route":"videos.list","input":{"__proto__":{}}}', 'TAPRI_KIT_JSON', 1],
    ['{"type":"subscribe","id":1,"route":"videos.lst"}', 'TAPRI_LIVE_ROUTE', 1],
    ['{"type":"subscribe","id":1,"route":"constructor"}', 'TAPRI_LIVE_ROUTE', 1],
    ['{"type":"hello","token":5}', 'TAPRI_LIVE_FRAME'],
    ['{"type":"hello"}', 'TAPRI_LIVE_FRAME'],
  ] as const) {
    const raw = await openRaw(stall.port)
    raw.send(frame)
    const [error, ...more] = await raw.settle()
    assert.deepEqual([error?.type, error?.problem?.code, error?.id, more.length], ['error', code, id, 0], frame)
    raw.socket.terminate()
  }
  await isWell(stall)
})

test('an input with a time or a number that is none is told so, and is not taken for an absent one', async (t) => {
  const stall = await openStall(t, { echo: ({ input }) => Object.keys(input).length })
  const raw = await openRaw(stall.port)
  for (const [id, value] of ['"~tsoon"', '1e400', '{"in":[-1e999]}'].entries()) {
    raw.send(`{"type":"subscribe","id":${id},"route":"echo","input":{"at":${value}}}`)
  }
  raw.send('{"type":"subscribe","id":9,"route":"echo","input":{"at":null}}')
  const frames = await raw.settle()
  assert.deepEqual(
    frames.map(({ id, problem, value }) => [id, problem?.code ?? value]),
    [
      [0, 'TAPRI_LIVE_FRAME'],
      [1, 'TAPRI_LIVE_FRAME'],
      [2, 'TAPRI_LIVE_FRAME'],
      [9, 1],
    ],
  )
})

test('a number in use is refused without ending the subscription that has it', async (t) => {
  const stall = await openStall(t)
  const raw = await openRaw(stall.port)
  raw.send(list(1), list(1), '{"type":"subscribe","id":1,"route":7}')
  const frames = await raw.settle()
  assert.deepEqual(codes(frames).sort(), ['TAPRI_LIVE_FRAME', 'TAPRI_LIVE_FRAME', 'snapshot'])
  assert.deepEqual(
    frames.filter(({ type, id }) => type === 'error' && id !== undefined),
    [],
  )
  assert.equal(stall.live.subscriptions, 1)
})

test('one who goes on making no sense is closed for good', async (t) => {
  const stall = await openStall(t)
  const raw = await openRaw(stall.port)
  // of more than it takes some would lie unread, and a socket that is closed over them may be reset before its code is out
  for (let count = 0; count < 20; count++) raw.send('?')
  assert.equal(await raw.closed, 4500)
  await isWell(stall)
})

test('bytes that are no WebSocket frames end their own socket and nothing else', async (t) => {
  const stall = await openStall(t)
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (noise) => {
      const socket = connect(stall.port, '127.0.0.1')
      const ended = new Promise((resolve) => socket.on('close', resolve))
      socket.on('error', () => {})
      socket.write(
        'GET /api/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: tapri.v1\r\n\r\n',
      )
      socket.write(noise)
      socket.end()
      socket.resume()
      await ended
    }),
    { numRuns: 100, endOnFailure: true },
  )
  await isWell(stall)
})

test('no sequence of frames, sensible or not, harms the server', async (t) => {
  const stall = await openStall(t)
  const key = fc.constantFrom('type', 'id', 'route', 'input', 'etag', 'token', '__proto__', 'x')
  const type = fc.constantFrom('hello', 'subscribe', 'unsubscribe', 'ping', 'pong', 'snapshot')
  const value = fc.oneof(type, fc.nat(5), fc.constantFrom('videos.list', 'users.me', 'videos.get'), fc.jsonValue({ maxDepth: 3 }))
  const frame = fc.oneof(
    fc.dictionary(key, value).map((fields) => JSON.stringify(fields)),
    fc
      .record({ type, id: fc.nat(5), route: value, input: fc.jsonValue() }, { requiredKeys: ['type'] })
      .map((fields) => JSON.stringify(fields)),
    fc.string(),
    fc.json(),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { maxLength: 15 }), async (frames) => {
      const raw = await openRaw(stall.port)
      raw.send(...frames)
      for (const answer of await raw.settle()) {
        assert.ok(['error', 'snapshot', 'pong', 'current'].includes(answer.type))
        assert.ok(answer.type !== 'error' || answer.problem.status < 500 || answer.problem.code === 'TAPRI_INTERNAL')
      }
      raw.socket.terminate()
    }),
    { numRuns: 150, endOnFailure: true },
  )
  await isWell(stall)
})

test('who says nothing, or something before hello, is not served', async (t) => {
  const stall = await openStall(t)
  const early = await openRaw(stall.port, { hello: null })
  early.send(list(1))
  assert.equal((await early.next()).problem.code, 'TAPRI_LIVE_FRAME')
  const silent = await openRaw(stall.port, { hello: null })
  stall.clock.advance(10_000)
  assert.deepEqual([await silent.closed, await early.closed], [4000, 4000])
})

test('pages of other sites cannot open sockets, nor can those who do not ask for the protocol', async (t) => {
  const stall = await openStall(t)
  const upgrade = (headers: Record<string, string>) =>
    new Promise<{ status: number | undefined; code: string | undefined }>((resolve, reject) => {
      const asked = ask({
        port: stall.port,
        host: '127.0.0.1',
        path: '/api/live',
        headers: {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
          ...headers,
        },
      })
      asked.on('upgrade', (answer, socket) => {
        socket.destroy()
        resolve({ status: answer.statusCode, code: undefined })
      })
      asked.on('response', async (answer) => {
        const text = (await answer.toArray()).join('')
        resolve({ status: answer.statusCode, code: text.startsWith('{') ? JSON.parse(text).code : undefined })
      })
      asked.on('error', reject)
      asked.end()
    })
  const protocol = { 'sec-websocket-protocol': 'tapri.v1' }
  assert.deepEqual(await upgrade({ ...protocol, origin: 'https://evil.test' }), { status: 403, code: 'TAPRI_LIVE_ORIGIN' })
  assert.deepEqual(await upgrade({ ...protocol, origin: 'null' }), { status: 403, code: 'TAPRI_LIVE_ORIGIN' })
  assert.deepEqual(await upgrade({}), { status: 400, code: 'TAPRI_LIVE_PROTOCOL' })
  assert.deepEqual(await upgrade({ 'sec-websocket-protocol': 'graphql-ws' }), { status: 400, code: 'TAPRI_LIVE_PROTOCOL' })
  assert.equal((await upgrade({ ...protocol, 'sec-websocket-key': 'short' })).status, 400)
  assert.equal((await upgrade({ ...protocol, 'sec-websocket-version': '7' })).status, 400)
  assert.equal((await upgrade({ ...protocol, origin: `http://127.0.0.1:${stall.port}` })).status, 101)
})

test('a socket has at most 200 subscriptions', async (t) => {
  const stall = await openStall(t)
  const raw = await openRaw(stall.port)
  for (let id = 0; id < 201; id++) raw.send(list(id))
  const refused = (await raw.settle()).filter(({ type }) => type === 'error')
  assert.deepEqual(
    refused.map(({ id, problem }) => [id, problem.code]),
    [[200, 'TAPRI_LIVE_TOO_MANY']],
  )
  raw.send({ type: 'unsubscribe', id: 0 }, list(201))
  assert.deepEqual(codes(await raw.settle()), ['snapshot'])
  assert.equal(stall.runs.length, 1)
})

test('one sender has at most so many sockets at once, and room again when one closes; others have their own', async (t) => {
  const stall = await openStall(t, undefined, { models: {}, policies: [], maxSockets: 2 })
  const open = (sender: string) => openRaw(stall.port, { headers: { 'x-sender': sender } })
  const [first] = [await open('a'), await open('a')]
  await assert.rejects(open('a'), /429/)
  assert.equal((await open('b')).socket.readyState, 1)
  assert.deepEqual(
    stall.entries.filter(({ event }) => event === 'live.sender.full').map(({ facts }) => facts),
    [{ sender: 'a', sockets: 2 }],
  )
  first.socket.close()
  await first.closed
  while (stall.live.connections > 2) await turns(1)
  assert.equal((await open('a')).socket.readyState, 1)
  await assert.rejects(open('a'), /429/)
})

test('a client that does not read keeps no more than a little waiting, and comes to the newest answer when it reads', async (t) => {
  // as long when it is compressed
  const noise = randomBytes(225_000).toString('base64')
  const stall = await openStall(t, { 'videos.long': async ({ db }) => `${await db.videos.count()}x${noise}` })
  const { user } = await stall.member('Ann')
  const slow = await openRaw(stall.port)
  slow.send({ type: 'subscribe', id: 1, route: 'videos.long' })
  await slow.settle()
  slow.socket.pause()
  const quick = stall.open()
  const seen: string[] = []
  quick.videos.long.live({}, (value: string) => seen.push(value.slice(0, 3)))
  for (let count = 0; count < 60; count++) {
    await stall.db.videos.create({ title: String(count), published: true, author: user.id })
    await settle(stall, quick)
  }
  assert.equal(seen.at(-1), '60x')
  slow.socket.resume()
  const values: string[] = []
  let text = ''
  while (values.at(-1)?.startsWith('60x') !== true) {
    const frame = await slow.next()
    if (frame.type === 'piece') text = frame.n === 0 ? frame.text : text + frame.text
    if (frame.type === 'snapshot') values.push(JSON.parse(text))
    if (frame.type === 'patch') values.push(frame.changes.at(-1).ops.set)
  }
  assert.ok(values.length < 45, `${values.length} of 60 were sent`)
})

test('many large first answers do not cut a client that reads', async (t) => {
  const stall = await openStall(t, { long: ({ input }) => `${input.n}${'x'.repeat(200_000)}` })
  const raw = await openRaw(stall.port)
  for (let id = 0; id < 60; id++) raw.send({ type: 'subscribe', id, route: 'long', input: { n: id } })
  const frames = await raw.settle()
  assert.equal(frames.filter(({ type }) => type === 'snapshot').length, 60)
})

test('a socket that no longer answers is ended, one that does is kept', async (t) => {
  const stall = await openStall(t)
  const dead = await openRaw(stall.port)
  const well = await openRaw(stall.port)
  await Promise.all([dead.settle(), well.settle()])
  stall.clock.advance(10_000)
  for (let beat = 0; beat < 3; beat++) {
    await turns(2)
    stall.clock.advance(25_000)
    if (beat < 2) assert.equal((await well.next()).type, 'ping')
    well.send({ type: 'pong' })
    await well.settle()
  }
  assert.equal(await dead.closed, 1006)
  assert.equal(stall.live.connections, 1)
})

test('a clock that jumps far ahead does not end sockets that are well', async (t) => {
  const stall = await openStall(t)
  const raw = await openRaw(stall.port)
  await raw.settle()
  stall.clock.advance(3_600_000)
  await turns(3)
  raw.send({ type: 'pong' })
  await raw.settle()
  stall.clock.advance(3_600_000)
  assert.ok((await raw.settle()).length <= 1)
})

test('stopping closes every socket so that clients come back, and takes no more', async (t) => {
  const stall = await openStall(t)
  const raw = await openRaw(stall.port)
  raw.send(list(1))
  await raw.settle()
  const [, code] = await Promise.all([stall.live.stop(), raw.closed])
  assert.equal(code, 1012)
  assert.deepEqual([stall.live.connections, stall.live.subscriptions], [0, 0])
  await assert.rejects(openRaw(stall.port), /503/)
})
