import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import { tapri } from 'tapri'
import { client, closeClient } from 'tapri/client'
import { belongsTo, email, file, private as hiddenField, int, list, model, optional, pick, text } from 'tapri/data'
import { silentLog } from 'tapri/observe'
import { testApp } from 'tapri/test'
import { openProxy, type ProxiedRequest, type RunningProxy, withoutProxy } from '../scripts/services/proxies.ts'
import { statuses } from './http-security.fixture.ts'
import { corpus, hidden, post } from './http-smuggling.fixture.ts'

const users = model({ name: text(), email: hiddenField(email({ unique: true })) })
const films = model({ title: text(), source: file({ accept: 'video/*', maxSize: '5mb' }), owner: belongsTo('users') })
const kit = tapri({ models: { users, films } })
const { controller, member, policy, visitor } = kit

/** Told by the caller of the events that it has the first one. */
let seen = Promise.withResolvers<void>()

async function* two() {
  yield { event: 'first', data: 'a' }
  await seen.promise
  yield { event: 'second', data: 'b' }
}

const app = kit.app({
  controllers: {
    auth: kit.auth({ signUp: pick(users, 'name', 'email') }),
    door: controller('/door', {
      open: visitor.get('/', () => ({ open: true })),
      make: visitor.post('/', { body: { title: text(), many: optional(list(int())) } }, ({ body }) => body),
      find: visitor.get('/find', { query: { probe: text() } }, ({ query }) => query),
      ip: visitor.get('/ip', ({ ip }) => ({ ip })),
      events: visitor.get('/events', ({ reply }) => reply.events(two())),
    }),
    films: controller('/films', {
      list: visitor.get('/', ({ db }) => db.films.find()),
      create: member.post('/', { body: pick(films, 'title', 'source') }, ({ db, body, user }) =>
        db.films.create({ ...body, owner: user.id }),
      ),
    }),
  },
  policies: [policy('users', {}), policy('films', { read: () => true, create: ({ user }) => user !== null })],
})

async function openBehind(name: 'nginx' | 'haproxy', patience?: number) {
  const running = await testApp(app, { log: silentLog, settings: { TRUST_PROXY: '1' } })
  const port = Number(new URL(running.url).port)
  const proxy = await openProxy(name, { app: port, ...(patience !== undefined && { patience }) })
  const url = running.url.replace(`:${port}`, `:${proxy.port}`)
  const close = async () => {
    await proxy[Symbol.asyncDispose]()
    await running[Symbol.asyncDispose]()
  }
  return { running, port, proxy, url, [Symbol.asyncDispose]: close }
}

/** The requests that the app's server takes for some, as they come. */
function watchRequests(port: number): Disposable & { readonly requests: readonly string[] } {
  const requests: string[] = []
  const listener = (message: unknown) => {
    const request: IncomingMessage = Reflect.get(Object(message), 'request')
    if (request.socket.localPort === port) requests.push(`${request.method} ${request.url}`)
  }
  subscribe('http.server.request.start', listener)
  return { requests, [Symbol.dispose]: () => void unsubscribe('http.server.request.start', listener) }
}

/** What comes back for these bytes until the proxy closes the connection, and the port that they were sent from. */
async function send(
  proxy: RunningProxy,
  bytes: string,
  from = '127.0.0.1',
): Promise<{ readonly answer: string; readonly client: number }> {
  const socket = connect({ port: proxy.port, host: '127.0.0.1', localAddress: from })
  let answer = ''
  let port = 0
  socket.setEncoding('latin1')
  socket.on('connect', () => {
    port = socket.localPort ?? 0
  })
  socket.on('data', (chunk) => {
    answer += chunk
  })
  socket.on('error', () => {})
  socket.write(Buffer.from(bytes, 'latin1'))
  await new Promise((resolve) => socket.on('close', resolve))
  return { answer, client: port }
}

/** The log once the proxy has written down that client's request. */
async function logWith(proxy: RunningProxy, client: number): Promise<readonly ProxiedRequest[]> {
  for (;;) {
    const log = proxy.log()
    if (log.some((request) => request.client === client)) return log
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}Connection: close\r\n\r\n`
const value = '{"title":"a"}'
/** Beside what no app may take: what proxies pass on, change on their way, or answer themselves. */
const harder: Readonly<Record<string, string>> = {
  ...corpus,
  'a length, pipelined': `${post(`Content-Length: ${value.length}`, value)}${hidden}`,
  'chunks, pipelined': `${post('Transfer-Encoding: chunked', `d\r\n${value}\r\n0\r\n\r\n`)}${hidden}`,
  'a length that the connection takes away': post(
    `Content-Length: ${value.length}\r\nConnection: content-length`,
    `${value}${hidden}`,
  ),
  'chunks that the connection takes away': post(
    'Transfer-Encoding: chunked\r\nConnection: transfer-encoding',
    `0\r\n\r\n${hidden}`,
  ),
  'an expectation, and no waiting': post(`Content-Length: ${value.length}\r\nExpect: 100-continue`, `${value}${hidden}`),
  'an expectation that is not met': post(`Content-Length: ${value.length}\r\nExpect: wonders`, `${value}${hidden}`),
  'an upgrade that is not made': `GET /api/door HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n${hidden}`,
  'an upgrade to a socket with a body behind': `GET /api/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 777\r\n\r\n${hidden}`,
  'HEAD with a length': `HEAD /api/door HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  'a body that is too large': post('Content-Length: 2000000', hidden),
  'a body that stops': post('Content-Length: 500', hidden),
  'chunks that stop': post('Transfer-Encoding: chunked', `5\r\n{"tit`),
}

for (const name of ['nginx', 'haproxy'] as const) {
  const skip = withoutProxy(name)

  test(`behind ${name} no request is taken for two, and none arrives that ${name} has not seen`, { skip }, async () => {
    // senders that fall silent are waited for
    await using behind = await openBehind(name, 2_000)
    const { port, proxy } = behind
    using watched = watchRequests(port)
    const cases = Object.entries(harder)
    let probes = 0
    const told = new Map<number, { readonly what: string; readonly answer: string }>()
    const attack = async () => {
      for (let next = cases.shift(); next !== undefined; next = cases.shift()) {
        const [what, bytes] = next
        const { answer, client } = await send(proxy, bytes)
        told.set(client, { what, answer })
        // the next on a connection to the app must get its own answer, not what a hidden request left there
        const probe = `probe-${++probes}`
        const own = await send(proxy, get(`/api/door/find?probe=${probe}`))
        assert.deepEqual(
          [statuses(own.answer), own.answer.includes(`{"probe":"${probe}"}`)],
          [[200], true],
          `${what}: ${own.answer}`,
        )
      }
    }
    await Promise.all(Array.from({ length: 8 }, attack))
    const { client: last } = await send(proxy, get('/api/door/find?probe=last'))
    const log = await logWith(proxy, last)
    for (const [client, { what, answer }] of told) {
      const known = log.filter((request) => request.client === client)
      const answers = statuses(answer).filter((status) => status >= 200)
      assert.ok(answers.length <= known.length, `${what}: ${answers} for ${JSON.stringify(known)}`)
    }
    const forwarded = log.filter(({ isForwarded }) => isForwarded).map(({ method, target }) => `${method} ${target}`)
    const unknown = [...watched.requests]
    for (const line of forwarded) {
      const at = unknown.indexOf(line)
      if (at !== -1) unknown.splice(at, 1)
    }
    assert.deepEqual(unknown, [])
    assert.ok(watched.requests.length > probes)
  })

  test(`behind ${name} the address is that of the caller, whatever the caller writes`, { skip }, async () => {
    await using behind = await openBehind(name)
    for (const forged of [
      '',
      'X-Forwarded-For: 6.6.6.6\r\n',
      'X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 127.0.0.1, 7.7.7.7\r\n',
    ]) {
      const { answer } = await send(behind.proxy, get('/api/door/ip', forged), '127.0.0.9')
      assert.match(answer, /\{"ip":"127\.0\.0\.9"\}/, forged)
    }
  })

  test(`through ${name} events come as they are sent`, { skip }, async () => {
    seen = Promise.withResolvers()
    await using behind = await openBehind(name)
    const answer = await fetch(`${behind.url}/door/events`)
    let received = ''
    for await (const chunk of answer.body ?? []) {
      received += Buffer.from(chunk).toString()
      if (received.includes('event: first')) seen.resolve()
    }
    assert.match(received, /event: first\ndata: a\n\n[\s\S]*event: second\ndata: b\n\n/)
  })

  test(`through ${name} files go up and come down whole, and live answers follow`, { skip }, async () => {
    await using behind = await openBehind(name)
    const { running, url } = behind
    await running.signUp('ann@club.test')
    const ann = client<typeof app>(url, { token: await running.token('ann@club.test') })
    const guest = client<typeof app>(url)
    const changes: (readonly { readonly title: string }[])[] = []
    const first = Promise.withResolvers<void>()
    const second = Promise.withResolvers<void>()
    guest.films.list.live({}, (films) => {
      changes.push(films)
      if (films.length === 0) first.resolve()
      else second.resolve()
    })
    await first.promise
    const start = new Uint8Array(await running.file('kites.mp4').arrayBuffer())
    const bytes = Buffer.concat([start, randomBytes(3_000_000)])
    const film = await ann.films.create({ title: 'Kites', source: new File([bytes], 'kites.mp4', { type: 'video/mp4' }) })
    const down = await fetch(new URL(film.source.url, url))
    assert.equal(down.status, 200)
    assert.ok(bytes.equals(Buffer.from(await down.arrayBuffer())))
    const part = await fetch(new URL(film.source.url, url), { headers: { Range: 'bytes=1000000-1000099' } })
    assert.ok(bytes.subarray(1_000_000, 1_000_100).equals(Buffer.from(await part.arrayBuffer())))
    await second.promise
    assert.deepEqual(
      changes.at(-1)?.map(({ title }) => title),
      ['Kites'],
    )
    closeClient(guest)
  })
}
