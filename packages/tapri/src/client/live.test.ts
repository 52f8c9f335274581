import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { type WebSocket as ServerSocket, WebSocketServer } from 'ws'
import { manualClock } from '../kit/clock.ts'
import { decodeWire, encodeWire } from '../kit/wire.ts'
import { client, closeClient, connection, sync } from './index.ts'

/** A real socket server whose lines the test writes; each connection hands its frames to the test in order. */
async function serve() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'tapri.v1' })
  await once(server, 'listening')
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/api`
  const arrived: Connection[] = []
  let wake = () => {}
  server.on('connection', (socket, request) => {
    arrived.push(new Connection(socket, request.url ?? ''))
    wake()
  })
  return {
    url,
    async connection(): Promise<Connection> {
      for (;;) {
        const next = arrived.shift()
        if (next !== undefined) return next
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    get waiting() {
      return arrived.length
    },
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

class Connection {
  readonly socket: ServerSocket
  readonly path: string
  readonly #frames: unknown[] = []
  #wake = () => {}

  constructor(socket: ServerSocket, path: string) {
    this.socket = socket
    this.path = path
    socket.on('message', (data) => {
      this.#frames.push(decodeWire(String(data)))
      this.#wake()
    })
  }

  async next(): Promise<unknown> {
    while (this.#frames.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#frames.shift()
  }

  send(...frames: object[]): void {
    for (const frame of frames) this.socket.send(encodeWire(frame))
  }
}

const problem = (code: string, status: number) => ({ type: 'about:blank', title: 'No', status, detail: `It is ${code}`, code })
const describe = ({ code, status, message }: any) => ({ code, status, message })
const later = () => new Promise((resolve) => setImmediate(resolve))

/** Callbacks that can be waited for. */
function recorder<T>() {
  const seen: T[] = []
  let wake = () => {}
  return {
    seen,
    add(value: T) {
      seen.push(value)
      wake()
    },
    async count(wanted: number) {
      while (seen.length < wanted) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}

test('the first subscription opens one socket, says hello with the token, and subscribes', async () => {
  await using server = await serve()
  const api: any = client<any>(server.url, { token: 'secret' })
  const stop = api.videos.list.live({ page: 1, sort: null, since: new Date(5) }, () => {})
  api.videos.get.live({ id: 'a' }, () => {})
  const line = await server.connection()
  assert.equal(line.path, '/api/live')
  assert.equal(line.socket.protocol, 'tapri.v1')
  assert.deepEqual(await line.next(), { type: 'hello', token: 'secret' })
  assert.deepEqual(await line.next(), { type: 'subscribe', id: 1, route: 'videos.list', input: { page: 1, since: new Date(5) } })
  assert.deepEqual(await line.next(), { type: 'subscribe', id: 2, route: 'videos.get', input: { id: 'a' } })
  stop()
  assert.deepEqual(await line.next(), { type: 'unsubscribe', id: 1 })
  closeClient(api)
  await once(line.socket, 'close')
})

test('snapshots and patches give whole values; rows that did not change stay the same objects', async () => {
  await using server = await serve()
  const api: any = client<any>(server.url)
  const changes = recorder<readonly { id: string; n: number }[]>()
  api.rows.list.live({}, changes.add)
  const line = await server.connection()
  line.send({
    type: 'snapshot',
    id: 1,
    topic: 1,
    at: 'e.1',
    etag: 'x',
    value: [
      { id: 'a', n: 1 },
      { id: 'b', n: 1 },
    ],
  })
  const ops = { rows: [['a', { keys: [['n', { set: 2 }]], drop: [] }]], gone: [], put: [] }
  line.send({ type: 'patch', at: 'e.2', changes: [{ topic: 1, from: 'x', etag: 'y', ops }] })
  await changes.count(2)
  assert.deepEqual(changes.seen[1], [
    { id: 'a', n: 2 },
    { id: 'b', n: 1 },
  ])
  assert.equal(changes.seen[0]?.[1], changes.seen[1]?.[1])
  closeClient(api)
})

test('a lost connection comes back at once, resumes by etag, and nothing is told when nothing changed', async () => {
  await using server = await serve()
  const clock = manualClock()
  const api: any = client<any>(server.url, { clock })
  const changes = recorder<unknown>()
  api.rows.list.live({}, changes.add)
  const first = await server.connection()
  first.send({ type: 'snapshot', id: 1, topic: 1, at: 'e.1', etag: 'x', value: [{ id: 'a', n: 1 }] })
  await changes.count(1)
  clock.advance(10_000)
  first.socket.terminate()
  const second = await server.connection()
  assert.deepEqual(await second.next(), { type: 'hello' })
  assert.deepEqual(await second.next(), { type: 'subscribe', id: 1, route: 'rows.list', input: {}, etag: 'x' })
  second.send({ type: 'current', id: 1, topic: 5, at: 'f.7' })
  second.send({ type: 'patch', at: 'f.8', changes: [{ topic: 5, from: 'x', etag: 'y', ops: { set: [] } }] })
  await changes.count(2)
  clock.advance(10_000)
  second.socket.terminate()
  const third = await server.connection()
  third.send({ type: 'snapshot', id: 1, topic: 1, at: 'f.9', etag: 'other', value: [] })
  const synced = sync(api)
  for (let frame: any = await third.next(); frame.type !== 'ping'; ) frame = await third.next()
  third.send({ type: 'pong' })
  await synced
  assert.deepEqual(changes.seen, [[{ id: 'a', n: 1 }], []])
  closeClient(api)
})

test('a connection that keeps failing is tried after longer and longer waits', async () => {
  await using server = await serve()
  const clock = manualClock()
  const api: any = client<any>(server.url, { clock })
  api.rows.list.live({}, () => {})
  const first = await server.connection()
  const lose = async (line: Connection) => {
    await line.next()
    line.socket.close(1012)
    await once(line.socket, 'close')
    await later()
    await later()
  }
  await lose(first)
  const second = await server.connection()
  await lose(second)
  assert.equal(server.waiting, 0)
  clock.advance(249)
  clock.advance(251)
  await lose(await server.connection())
  clock.advance(1_000)
  await lose(await server.connection())
  clock.advance(400)
  await later()
  assert.equal(server.waiting, 0)
  closeClient(api)
})

test('a patch that does not follow what is held makes the client ask again, under another number', async () => {
  await using server = await serve()
  const api: any = client<any>(server.url)
  const changes = recorder<unknown>()
  api.rows.list.live({}, changes.add)
  const line = await server.connection()
  await line.next()
  await line.next()
  line.send({ type: 'snapshot', id: 1, topic: 1, at: 'e.1', etag: 'x', value: { n: 1 } })
  line.send({ type: 'patch', at: 'e.6', changes: [{ topic: 1, from: 'q', etag: 'z', ops: { set: { n: 6 } } }] })
  line.send({ type: 'patch', at: 'e.7', changes: [{ topic: 1, from: 'z', etag: 'z', ops: { set: { n: 7 } } }] })
  assert.deepEqual(await line.next(), { type: 'unsubscribe', id: 1 })
  assert.deepEqual(await line.next(), { type: 'subscribe', id: 2, route: 'rows.list', input: {} })
  line.send({ type: 'snapshot', id: 2, topic: 2, at: 'e.8', etag: 'w', value: { n: 8 } })
  line.send({ type: 'patch', at: 'e.9', changes: [{ topic: 2, from: 'w', etag: 'v', ops: { rows: [], gone: ['q'], put: [] } }] })
  assert.deepEqual(await line.next(), { type: 'unsubscribe', id: 2 })
  await changes.count(2)
  assert.deepEqual(changes.seen, [{ n: 1 }, { n: 8 }])
  closeClient(api)
})

test('an error frame ends its subscription and no other', async () => {
  await using server = await serve()
  const api: any = client<any>(server.url)
  const errors = recorder<unknown>()
  const changes = recorder<unknown>()
  api.rows.get.live({ id: 'a' }, changes.add, { onError: (error: Error) => errors.add(describe(error)) })
  api.rows.get.live({ id: 'b' }, changes.add, { onError: (error: Error) => errors.add(describe(error)) })
  const line = await server.connection()
  line.send({ type: 'error', id: 1, problem: problem('TAPRI_NOT_FOUND', 404) })
  line.send({ type: 'snapshot', id: 1, topic: 1, at: 'e.1', etag: 'x', value: 'too late' })
  line.send({ type: 'snapshot', id: 2, topic: 2, at: 'e.1', etag: 'x', value: 'here' })
  await changes.count(1)
  assert.deepEqual(changes.seen, ['here'])
  assert.equal(errors.seen.length, 1)
  assert.deepEqual(errors.seen[0], { code: 'TAPRI_NOT_FOUND', status: 404, message: 'It is TAPRI_NOT_FOUND' })
  closeClient(api)
})

test('a change is shown until its write has come, though the server answers a ping before it is so far', async () => {
  for (const epoch of ['e', 'after-a-restore']) {
    await using server = await serve()
    const clock = manualClock()
    const create = { method: 'POST', path: '/api/rows', query: [], body: 'json' }
    const api: any = client<any>(server.url, {
      clock,
      fetch: async (input) =>
        String(input).endsWith('/tapri.json')
          ? Response.json({ 'rows.create': create })
          : Response.json('mine', { headers: { 'tapri-token': 'e.5' } }),
    })
    const shown = recorder<unknown>()
    const rows = api.rows.list.live({})
    rows.onChange(shown.add)
    const line = await server.connection()
    const asked = async () => {
      for (;;) {
        const frame: any = await line.next()
        if (frame.type === 'ping') return frame
      }
    }
    line.send({ type: 'snapshot', id: 1, topic: 1, at: 'e.1', etag: 'x', value: ['a'] })
    await rows.ready
    await api.rows.create.optimistic({}, (show: any) => show(rows, (before: string[]) => [...before, 'mine…']))
    assert.deepEqual(await asked(), { type: 'ping', at: 'e.5' })
    const theirs = { items: [], length: 2, tail: ['b'] }
    line.send(
      { type: 'pong', at: 'e.4' },
      { type: 'patch', at: 'e.4', changes: [{ topic: 1, from: 'x', etag: 'y', ops: theirs }] },
    )
    await shown.count(3)
    clock.advance(1_000)
    assert.deepEqual(await asked(), { type: 'ping', at: 'e.5' })
    assert.deepEqual(shown.seen, [['a'], ['a', 'mine…'], ['a', 'b', 'mine…']])
    line.send({ type: 'pong', at: `${epoch}.5` })
    await shown.count(4)
    assert.deepEqual(shown.seen[3], ['a', 'b'])
    closeClient(api)
  }
})

test('a final close ends every subscription with the reason, and the client does not come back', async () => {
  await using server = await serve()
  const clock = manualClock()
  const api: any = client<any>(server.url, { clock, token: 'wrong' })
  const errors = recorder<unknown>()
  api.rows.list.live({}, () => {}, { onError: (error: Error) => errors.add(describe(error)) })
  api.rows.get.live({ id: 'a' }, () => {}, { onError: (error: Error) => errors.add(describe(error)) })
  const line = await server.connection()
  line.send({ type: 'error', problem: problem('TAPRI_AUTH_SESSION', 401) })
  line.socket.close(4501)
  await errors.count(2)
  for (const error of errors.seen) assert.partialDeepStrictEqual(error, { code: 'TAPRI_AUTH_SESSION', status: 401 })
  clock.advance(60_000)
  await later()
  assert.equal(server.waiting, 0)
})

test('what a callback throws is thrown for the process to see, and keeps no other frame from being handled', async (context) => {
  await using server = await serve()
  const api: any = client<any>(server.url)
  const thrown = recorder<unknown>()
  const changes = recorder<unknown>()
  // the runner would fail the test for what reaches the process
  const { queueMicrotask } = globalThis
  context.mock.method(globalThis, 'queueMicrotask', (call: () => void) =>
    queueMicrotask(() => {
      try {
        call()
      } catch (error) {
        thrown.add(error)
      }
    }),
  )
  api.rows.list.live({}, () => {
    throw new Error('mine')
  })
  api.rows.get.live({ id: 'b' }, changes.add)
  const line = await server.connection()
  line.send(
    { type: 'snapshot', id: 1, topic: 1, at: 'e.1', etag: 'x', value: 1 },
    { type: 'snapshot', id: 2, topic: 2, at: 'e.1', etag: 'x', value: 2 },
  )
  await changes.count(1)
  await thrown.count(1)
  assert.deepEqual(changes.seen, [2])
  closeClient(api)
})

test('frames of garbage from a server are passed over', async () => {
  await using server = await serve()
  const api: any = client<any>(server.url)
  const changes = recorder<unknown>()
  api.rows.list.live({}, changes.add)
  const line = await server.connection()
  for (const text of ['', 'null', '[]', '{"type":9}', '{"type":"new","id":1}', '{', '{"type":"pong"}']) line.socket.send(text)
  line.socket.send(Buffer.from([1, 2, 3]))
  line.send(
    { type: 'snapshot', id: 99, topic: 99, at: 'e.1', etag: 'x', value: 0 },
    { type: 'snapshot', id: 1, topic: 1, at: 'e.1', etag: 'x', value: 1 },
  )
  await changes.count(1)
  assert.deepEqual(changes.seen, [1])
  closeClient(api)
})

test('the socket closes a little after the last subscription ends, and not when another begins meanwhile', async () => {
  await using server = await serve()
  const clock = manualClock()
  const api: any = client<any>(server.url, { clock })
  const stop = api.rows.list.live({}, () => {})
  const line = await server.connection()
  await line.next()
  await line.next()
  stop()
  clock.advance(1_900)
  const stopAgain = api.rows.list.live({}, () => {})
  clock.advance(60)
  assert.deepEqual(await line.next(), { type: 'unsubscribe', id: 1 })
  assert.deepEqual(await line.next(), { type: 'subscribe', id: 2, route: 'rows.list', input: {} })
  stopAgain()
  const closed = once(line.socket, 'close')
  clock.advance(2_000)
  await closed
})

test('a line that falls silent is taken for dead; a heard ping keeps it', async () => {
  await using server = await serve()
  const clock = manualClock()
  const api: any = client<any>(server.url, { clock })
  api.rows.list.live({}, () => {})
  const first = await server.connection()
  await first.next()
  await first.next()
  clock.advance(50_000)
  first.send({ type: 'ping' })
  assert.deepEqual(await first.next(), { type: 'pong' })
  clock.advance(50_000)
  assert.equal(server.waiting, 0)
  clock.advance(10_000)
  await server.connection()
  closeClient(api)
})

test('an input too large for a frame ends that subscription alone', async () => {
  await using server = await serve()
  const api: any = client<any>(server.url)
  const errors = recorder<unknown>()
  api.rows.list.live({ q: 'é'.repeat(40_000) }, () => {}, { onError: (error: Error) => errors.add(describe(error)) })
  api.rows.list.live({ q: 'short' }, () => {}, { onError: (error: Error) => errors.add(describe(error)) })
  const line = await server.connection()
  await line.next()
  assert.deepEqual(await line.next(), { type: 'subscribe', id: 2, route: 'rows.list', input: { q: 'short' } })
  assert.partialDeepStrictEqual(errors.seen, [{ code: 'TAPRI_CLIENT_INPUT' }])
  closeClient(api)
})

test('without a subscription there is nothing to wait for', async () => {
  const api: any = client<any>('http://127.0.0.1:9/api')
  await sync(api)
  const stop = api.rows.list.live({}, () => {})
  stop()
  await sync(api)
})

test('a line that is lost while nobody needs it does not come back', async () => {
  await using server = await serve()
  const api: any = client<any>(server.url, { clock: manualClock() })
  const stop = api.rows.list.live({}, () => {})
  const line = await server.connection()
  await line.next()
  stop()
  line.socket.terminate()
  await once(line.socket, 'close')
  for (let turn = 0; turn < 10; turn++) await later()
  assert.equal(server.waiting, 0)
  await sync(api)
})

test('an answer that changes the session makes the line connect again, as the new caller', async () => {
  await using server = await serve()
  const signIn = { method: 'POST', path: '/api/auth/sign-in', query: [], body: 'json' }
  const refusal = { type: 'about:blank', title: 'x', status: 403, detail: 'x', code: 'TAPRI_DENIED' }
  let status = 200
  const api: any = client<any>(server.url, {
    fetch: async (input) =>
      String(input).endsWith('/tapri.json')
        ? Response.json({ 'auth.signIn': signIn })
        : Response.json(refusal, { status, headers: { 'tapri-session': 'changed' } }),
  })
  const changes = recorder<unknown>()
  api.rows.list.live({}, changes.add)
  const visitor = await server.connection()
  visitor.send({ type: 'snapshot', id: 1, topic: 1, at: 'e.1', etag: 'x', value: 'public' })
  await changes.count(1)
  await api.auth.signIn({ email: 'ann@club.test', password: 'kites' })
  const member = await server.connection()
  await member.next()
  assert.deepEqual(await member.next(), { type: 'subscribe', id: 1, route: 'rows.list', input: {}, etag: 'x' })
  member.send({ type: 'snapshot', id: 1, topic: 1, at: 'e.1', etag: 'y', value: 'private' })
  await changes.count(2)
  assert.deepEqual(changes.seen, ['public', 'private'])
  // what began or ended the session may still be refused in the end
  status = 403
  await assert.rejects(api.auth.signIn({ email: 'ann@club.test', password: 'kites' }), { code: 'TAPRI_DENIED' })
  const again = await server.connection()
  assert.deepEqual([await again.next(), ((await again.next()) as any).etag], [{ type: 'hello' }, 'y'])
  closeClient(api)
})

test('a client whose WebSockets have opened comes back by one, however often that fails', async () => {
  const clock = manualClock()
  const opened: string[] = []
  let isWell = true
  class Socket extends EventTarget {
    constructor(url: string) {
      super()
      opened.push(url)
      queueMicrotask(() => this.dispatchEvent(isWell ? new Event('open') : Object.assign(new Event('close'), { code: 1006 })))
    }
    send() {}
    close() {}
    lose() {
      this.dispatchEvent(Object.assign(new Event('close'), { code: 1006 }))
    }
  }
  const sockets: Socket[] = []
  const api: any = client<any>('http://127.0.0.1:9/api', {
    clock,
    fetch: () => Promise.reject(new Error('no events are asked for')),
    WebSocket: class extends Socket {
      constructor(url: string) {
        super(url)
        sockets.push(this)
      }
    } as unknown as typeof WebSocket,
  })
  api.rows.list.live({}, () => {})
  await later()
  isWell = false
  sockets[0]?.lose()
  for (let attempt = 0; attempt < 8; attempt++) {
    await later()
    clock.advance(10_000)
  }
  assert.equal(opened.length >= 8, true)
  closeClient(api)
})

test('what is followed after a client was closed is followed, and what was before is not', async () => {
  await using server = await serve()
  const api: any = client<any>(server.url)
  // while the part for it is on its way, and when it is there
  for (let id = 1; id <= 3; id++) {
    const left = api.rows.list.live({ page: 0 })
    closeClient(api)
    assert.equal(left.isClosed, true)
    const kept = api.rows.list.live({ page: id })
    const line = await server.connection()
    await line.next()
    const frame: any = await line.next()
    assert.deepEqual(frame.input, { page: id })
    line.send({ type: 'snapshot', id: frame.id, topic: 1, at: 'e.1', etag: 'x', value: id })
    assert.equal(await kept.ready, id)
  }
  closeClient(api)
})

test('what waits for the part of a client that is closed meanwhile is given up, and nothing of it is sent', async () => {
  await using server = await serve()
  const asked: unknown[] = []
  const answer = async (input: unknown) => {
    asked.push(input)
    return Response.json({})
  }
  const api: any = client<any>(server.url, { fetch: answer })
  const errors: unknown[] = []
  const ends: unknown[] = []
  const channel = api.chat({ id: 'a' }, { onError: (error: Error) => errors.push(error) })
  channel.onEnd((error: unknown) => ends.push(error))
  const write = api.rows.add.optimistic({}, () => {})
  closeClient(api)
  assert.deepEqual([errors, ends], [[], [undefined]])
  await assert.rejects(write, { code: 'TAPRI_CLIENT_QUEUE' })
  await assert.rejects(channel.joined, { code: 'TAPRI_CLIENT_LEFT' })
  await import('./live-part.ts')
  await later()
  assert.deepEqual([connection(api).state, server.waiting, asked], ['idle', 0, []])
  // what the server hears first is what came after
  api.rows.list.live({ page: 1 })
  const line = await server.connection()
  assert.partialDeepStrictEqual(await line.next(), { type: 'hello' })
  assert.partialDeepStrictEqual(await line.next(), { type: 'subscribe', input: { page: 1 } })
  assert.deepEqual(asked, [])
  closeClient(api)
})

test('whenever a client is closed while its part comes, no call is begun after that', async () => {
  await import('./live-part.ts')
  let begun = 0
  for (let turns = 0; turns < 20; turns++) {
    const api: any = client<any>('http://localhost/api', { fetch: async () => Response.json({}) })
    const refused = assert.rejects(
      api.rows.add.optimistic({}, () => begun++),
      { code: 'TAPRI_CLIENT_QUEUE' },
    )
    for (let turn = 0; turn < turns; turn++) await undefined
    const before = begun
    closeClient(api)
    await refused
    await later()
    assert.equal(begun, before, `after ${turns} turns`)
  }
  assert.ok(begun > 0 && begun < 20)
})
