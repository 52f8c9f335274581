import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { type ClientOptions, client, closeClient, sync } from '../client/index.ts'
import {
  belongsTo,
  bool,
  type Database,
  int,
  type Models,
  model,
  openDatabase,
  type Policy,
  type ReadSet,
  type StoredRow,
  text,
} from '../data/index.ts'
import { manualClock } from '../kit/clock.ts'
import { TapriError } from '../kit/errors.ts'
import { type LogEntry, openLog } from '../observe/index.ts'
import { type LiveRun, openLive } from './index.ts'

const users = model({ name: text(), admin: bool({ default: false }) })
const videos = model({
  title: text(),
  published: bool({ default: false }),
  likes: int({ default: 0 }),
  author: belongsTo('users'),
})
const sessions = model({ token: text(), user: belongsTo('users', { onDelete: 'cascade' }) })

const policies = [
  { model: 'users', rules: { read: () => true } },
  {
    model: 'videos',
    rules: {
      read: ({ rows, user }: any) =>
        user === null ? rows({ published: true }) : user.admin || rows({ published: true }, { author: user.id }),
    },
  },
] satisfies Policy[]

export interface TestCaller {
  readonly user: { readonly id: string; readonly name: string; readonly admin: boolean }
}
export interface Given {
  readonly db: any
  readonly input: any
  readonly user: TestCaller['user'] | null
  readonly request: IncomingMessage
  readonly signal: AbortSignal
}
export type Handlers = Readonly<Record<string, (given: Given) => unknown>>

/** The routes that most tests use. */
export const routes = {
  'videos.list': ({ db }) => db.videos.find({ with: { author: true }, orderBy: 'title' }),
  'videos.get': ({ db, input }) => db.videos.get(input.id),
  'users.me': ({ user }) => user,
} satisfies Handlers

/** The room as an app joins it, for this room's tests: a real database, a real server, real sockets. */
export async function openStall(
  t: TestContext,
  handlers: Handlers = routes,
  more: {
    readonly models: Models
    readonly policies: readonly Policy[]
    readonly maxSockets?: number
    /** Called each time before it is looked who calls. */
    identifying?(token: string | undefined): void
  } = {
    models: {},
    policies: [],
  },
) {
  const clock = manualClock()
  const entries: LogEntry[] = []
  const log = openLog({ format: 'silent', level: 'debug', clock })
  log.subscribe((entry) => entries.push(entry))
  const database = await openDatabase({
    models: { users, videos, sessions, ...more.models },
    policies: [...policies, ...more.policies],
    url: 'sqlite::memory:',
    clock,
    log,
    migrate: 'auto',
  })
  const runs: string[] = []
  const live = openLive<TestCaller>({
    database,
    log,
    clock,
    run: async (run) => {
      runs.push(run.route)
      return handlers[run.route]?.(givenTo(database, run))
    },
    opened: (rules, caller) => database.opened(rules, asRow(caller?.user ?? null)),
    identify: async (upgrade, token, reads) => {
      more.identifying?.(token)
      return identify(database, upgrade, token, reads)
    },
    allowOrigin: ({ headers }) => headers.origin === undefined || headers.origin === `http://${headers.host}`,
    senderOf: ({ headers, socket }) => (headers['x-sender'] === undefined ? socket.remoteAddress : String(headers['x-sender'])),
    maxSockets: more.maxSockets,
    isLive: (route) => Object.hasOwn(handlers, route),
  })
  const sockets = new Set<Socket>()
  const server = createServer((_request, response) => response.writeHead(404).end())
  server.on('upgrade', (request, socket, head) => live.upgrade(request, socket, head))
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const clients: object[] = []

  t.after(async () => {
    for (const opened of clients) closeClient(opened)
    await live.stop()
    server.closeAllConnections()
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
    await database.close()
  })

  const db: any = database.asSystem
  return {
    clock,
    database,
    db,
    entries,
    live,
    port,
    runs,
    sockets,
    /** A client of any route, as nobody or by token. */
    open(options: ClientOptions = {}): any {
      const opened = client<any>(`http://127.0.0.1:${port}/api`, { clock, ...options })
      clients.push(opened)
      return opened
    },
    /** A user and a token of a session of theirs. */
    async member(name: string, values: object = {}) {
      const user = await db.users.create({ name, ...values })
      const token = `token of ${name}`
      const session = await db.sessions.create({ token, user: user.id })
      return { user, token, session }
    },
  }
}
export type Stall = Awaited<ReturnType<typeof openStall>>

function givenTo(database: Database, run: LiveRun<TestCaller>): Given {
  const { input, caller, reads, upgrade, signal } = run
  const user = caller?.user ?? null
  return {
    db: database.asCaller({ user: asRow(user) }, { reads, readOnly: true, ...(run.reader && { reader: run.reader }) }),
    input,
    get user() {
      run.onCallerSeen()
      return user
    },
    request: upgrade,
    signal,
  }
}

async function identify(database: Database, upgrade: IncomingMessage, token: string | undefined, reads: ReadSet) {
  const db: any = database.systemDb({ reads })
  const cookie = /session=([^;]*)/.exec(upgrade.headers.cookie ?? '')?.[1]
  const given = token ?? (cookie === undefined ? undefined : decodeURIComponent(cookie))
  if (given === undefined) return null
  const session = await db.sessions.first({ where: { token: given }, with: { user: true } })
  if (session !== null) return { user: session.user }
  if (token === undefined) return null
  throw new TapriError('TAPRI_AUTH_SESSION', 'Cannot accept the token', { status: 401 })
}

// A user is a row; its type here names only what tests look at.
function asRow(user: TestCaller['user'] | null): StoredRow | null {
  return user === null ? null : { ...user }
}

/** Values that arrive, and can be waited for. */
export function arrivals<T>() {
  const seen: T[] = []
  let wake = () => {}
  return {
    seen,
    add: (value: T) => {
      seen.push(value)
      wake()
    },
    get last() {
      return seen.at(-1)
    },
    /** Resolves once that many have come. */
    async count(wanted: number): Promise<T[]> {
      while (seen.length < wanted) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      return seen
    },
  }
}

/** Lets everything that is under way go on for a while. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Everything written so far is handled by these clients. */
export async function settle({ live }: Stall, ...clients: object[]): Promise<void> {
  await Promise.all(clients.map(sync))
  await live.settled()
  await Promise.all(clients.map(sync))
}
