import { request as send } from 'node:http'
import type { TestContext } from 'node:test'
import { model, openDatabase, pick } from '../data/index.ts'
import { HttpContext, openHttp, servedRoutes } from '../http/index.ts'
import { manualClock } from '../kit/clock.ts'
import { type LogEntry, openLog } from '../observe/index.ts'
import { email, optional, private as privately, text } from '../schema/index.ts'
import { type Auth, authController, authModels, authService, type Caller, openAuth } from './index.ts'

const users = model({
  email: privately(email({ unique: true })),
  name: text({ min: 1, max: 80 }),
  handle: optional(text({ unique: true })),
})
export const member = { email: 'asha@example.com', name: 'Asha', password: 'kites over the sea' }

export interface Answer {
  readonly status: number
  readonly body: any
  /** The new session token; '' when the cookie is cleared, undefined when it is left alone. */
  readonly cookie: string | undefined
  readonly setCookie: readonly string[]
  readonly headers: Readonly<Record<string, unknown>>
}
export interface Call {
  readonly body?: unknown
  readonly cookie?: string | undefined
  readonly bearer?: string
  readonly from?: string
  readonly headers?: Record<string, string>
}

/** The room as an app joins it, for this room's tests: a real database, a real server, real requests. */
export async function openApp(t: TestContext, options: { file?: string; production?: boolean } = {}) {
  const clock = manualClock()
  const entries: LogEntry[] = []
  const log = openLog({ format: 'silent', level: 'debug', clock })
  log.subscribe((entry) => entries.push(entry))
  const url = options.file === undefined ? 'sqlite::memory:' : `sqlite:${options.file}`
  const database = await openDatabase({ models: { users }, internal: authModels, policies: [], url, clock, log, migrate: 'auto' })
  const auth = openAuth({ database, clock, log, production: options.production ?? false })
  class Context extends HttpContext {
    user: Caller['user'] | null = null
    get [authService](): Auth {
      return auth
    }
  }
  const own = authController({ signUp: pick(users, 'email', 'name', 'handle') })
  const server = openHttp({
    routes: servedRoutes({ auth: own }, ''),
    Context,
    async prepare(context) {
      if (!(context instanceof Context)) return
      context.user = (await auth.identify(context.request, { reply: context.reply }))?.user ?? null
    },
    log,
    production: options.production ?? false,
  })
  const origin = await server.listen({ port: 0, host: '0.0.0.0' })
  const port = Number(new URL(origin).port)
  const close = async () => {
    await server.stop()
    await auth.settled()
    await database.close()
  }
  t.after(close)

  const call = (method: 'GET' | 'POST', path: string, given: Call = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const outgoing = send({
        host: '127.0.0.1',
        port,
        path,
        method,
        agent: false,
        ...(given.from !== undefined && { localAddress: given.from }),
        headers: {
          ...(given.body !== undefined && { 'content-type': 'application/json' }),
          ...(given.cookie !== undefined && { cookie: `session=${given.cookie}` }),
          ...(given.bearer !== undefined && { authorization: `Bearer ${given.bearer}` }),
          ...given.headers,
        },
      })
      outgoing.on('error', reject).on('response', (incoming) => {
        let content = ''
        incoming.setEncoding('utf8').on('data', (chunk) => {
          content += chunk
        })
        incoming.on('end', () => {
          const setCookie = incoming.headers['set-cookie'] ?? []
          const cookie = /session=([^;]*)/.exec(setCookie.at(-1) ?? '')?.[1]
          const body = content === '' ? undefined : JSON.parse(content)
          resolve({ status: incoming.statusCode ?? 0, body, cookie, setCookie, headers: incoming.headers })
        })
      })
      outgoing.end(given.body === undefined ? undefined : JSON.stringify(given.body))
    })
  const post = (path: string, given?: Call) => call('POST', `/auth/${path}`, given)
  const me = async (given?: Call) => call('GET', '/auth/me', given)
  const sessions = () => database.asSystem.tapri_sessions?.find({ orderBy: 'id' }) ?? []
  return { auth, call, clock, close, database, entries, log, me, post, sessions }
}
