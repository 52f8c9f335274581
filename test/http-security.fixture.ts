import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fromFetch, rateLimit, tapri } from 'tapri'
import { email, file, private as hidden, int, list, model, optional, pick, text } from 'tapri/data'
import { silentLog } from 'tapri/observe'
import { type TestApp, testApp } from 'tapri/test'

export const secret = 'the-secret-of-the-vault'

const users = model({ name: text(), email: hidden(email({ unique: true })) })
const notes = model({ title: text({ max: 200 }), photo: optional(file({ accept: 'image/*', maxSize: '10kb' })) })

/** An app with one of everything that is attacked, and the names of the handlers that were reached. */
function vault(folder: string) {
  const reached: string[] = []
  const kit = tapri({ models: { users, notes } })
  const { controller, member, visitor } = kit
  const reach = (name: string) => {
    reached.push(name)
    return { reached: name }
  }
  const guard = kit.middleware(async ({ user }, next) => {
    if (user === null) throw Object.assign(new Error('no one'), { status: 401 })
    await next({})
  })
  const admin = controller(
    '/admin',
    {
      secrets: member.get('/secrets', () => ({ secret, ...reach('admin.secrets') })),
      one: member.get('/secrets/:name', () => ({ secret, ...reach('admin.one') })),
    },
    { use: [guard] },
  )
  const door = controller('/door', {
    open: visitor.get('/', () => reach('door.open')),
    make: visitor.post('/', { body: { title: text(), many: optional(list(int())) } }, () => reach('door.make')),
    put: visitor.put('/', () => reach('door.put')),
    patch: visitor.patch('/', () => reach('door.patch')),
    remove: visitor.delete('/', () => reach('door.remove')),
    find: visitor.get('/find', { query: { email: optional(text()) } }, ({ query }) => ({ ...query, ...reach('door.find') })),
    photo: visitor.post('/photo', { body: pick(notes, 'title', 'photo') }, () => reach('door.photo')),
    go: visitor.get('/go', { query: { to: text({ max: 5000 }) } }, ({ query, reply }) => reply.redirect(query.to)),
    events: visitor.get('/events', { query: { name: text() } }, ({ query, reply }) => reply.events(told(query.name))),
    head: visitor.get('/head', { query: { value: text() } }, ({ query, reply }) => {
      reply.header('X-Told', query.value)
      return reach('door.head')
    }),
    cookie: visitor.post('/cookie', { body: { name: text(), value: text(), path: text() } }, ({ body, reply }) => {
      reply.cookie(body.name, body.value, { path: body.path })
      return reach('door.cookie')
    }),
    limited: visitor.use(rateLimit({ requests: 3, per: '1h' })).get('/limited', ({ ip }) => ({ ip })),
    fail: visitor.post('/fail', { body: { password: text(), note: text() } }, ({ body, request }) => {
      throw Object.assign(new Error(`Cannot sign in with ${request.headers.authorization}`), { body, headers: request.headers })
    }),
  })
  const app = kit.app({
    controllers: { auth: kit.auth({ signUp: pick(users, 'name', 'email') }), admin, door },
    policies: [kit.policy('users', {}), kit.policy('notes', {})],
    folders: { '/files': { from: folder } },
    mounts: { '/mounted': fromFetch(({ url }) => new Response(reach(`mounted ${new URL(url).pathname}`).reached)) },
    http: { cors: { origins: ['https://admin.example'], credentials: true }, hosts: ['tube.example', 'localhost'] },
  })
  return { app, reached }
}

async function* told(event: string) {
  yield { event, id: '1', data: 'a\n\nevent: forged\ndata: b' }
}

type VaultApp = ReturnType<typeof vault>['app']
export interface Scene {
  readonly vault: TestApp<VaultApp>
  /** The handlers that were reached since they were last asked for. */
  reached(): string[]
  /** What comes back for these bytes until the connection closes. */
  raw(bytes: string | Buffer): Promise<string>
  /** One request, its connection closed after it; `head` are further header lines. */
  ask(line: string, head?: readonly string[], body?: string | Buffer): Promise<string>
  readonly port: number
}

/** The vault, running, until the test ends. */
export async function openVault(t: TestContext, options: Parameters<typeof testApp<VaultApp>>[1] = {}): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-vault-'))
  writeFileSync(join(folder, 'page.txt'), 'x'.repeat(2000))
  writeFileSync(join(folder, '.env'), secret)
  const { app, reached } = vault(join(folder))
  const running = await testApp(app, { log: silentLog, ...options })
  t.after(async () => {
    await running[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })
  const port = Number(new URL(running.url).port)
  const raw = (bytes: string | Buffer) => sendRaw(port, bytes)
  return {
    vault: running,
    port,
    reached: () => reached.splice(0),
    raw,
    ask(line, head = [], body = '') {
      const length = body.length === 0 ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
      const host = head.some((header) => /^host:/i.test(header)) ? [] : ['Host: localhost']
      const lines = [`${line} HTTP/1.1`, ...host, 'Connection: close', ...length, ...head]
      return raw(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), Buffer.from(body)]))
    },
  }
}

/** The statuses of all answers that came back. */
export function statuses(answer: string): number[] {
  return [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
}

export function code(answer: string): string | undefined {
  return /"code":"([A-Z_]+)"/.exec(answer)?.[1]
}

async function sendRaw(port: number, bytes: string | Buffer): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  let answer = ''
  socket.setEncoding('latin1')
  socket.on('data', (chunk) => {
    answer += chunk
  })
  // refused senders may be cut while they still send
  socket.on('error', () => {})
  socket.on('end', () => socket.end())
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  await new Promise((resolve) => socket.on('close', resolve))
  return answer
}
