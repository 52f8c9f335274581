import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type App, startApp } from '../app/index.ts'
import { type Client, client, closeClient, sync } from '../client/index.ts'
import { scratchDatabase } from '../data/index.ts'
import { manualClock } from '../kit/clock.ts'
import { milliseconds } from '../kit/measures.ts'
import { openLog } from '../observe/index.ts'
import { testError } from './errors.ts'
import { testFile } from './media.ts'
import { fillUser } from './people.ts'
import type { TestApp, TestOptions } from './types.ts'

export type { TestApp, TestClock, TestOptions } from './types.ts'

/** A test that meets a 500 should show what was thrown, and nothing else of the log. */
const errorLog = openLog({ level: 'error', format: 'pretty', write: (line) => process.stderr.write(`${line}\n`) })

/**
 * Starts the app for one test: a database of its own (in memory, or in the server that `database` or the environment's
 * TEST_DATABASE_URL names), a temporary folder for files, a clock that stands still, a port of its own. Films are left as they
 * came. Writes through its clients return once live subscriptions show them. `services` puts others in place of the app's. What
 * a caller is not told of an error is written to stderr, unless a `log` is given.
 * @example await using club = await testApp(app); const ann = await club.signUp('ann@club.test')
 */
export async function testApp<A extends App<any, any>>(app: A, options: TestOptions<A> = {}): Promise<TestApp<A>> {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-test-'))
  const scratch = await scratchDatabase(options.database ?? process.env.TEST_DATABASE_URL ?? 'sqlite::memory:')
  const clock = manualClock()
  const clear = async () => {
    await scratch.dispose()
    await rm(folder, { recursive: true, force: true })
  }
  const { parts } = app.description
  const files = { ...parts.files, films: { atOnce: options.films ?? 0 } }
  const starting = startApp(
    { ...app.description, parts: { ...parts, files } },
    {
      host: '127.0.0.1',
      port: 0,
      clock,
      log: options.log ?? errorLog,
      migrate: 'auto',
      file: null,
      services: { ...options.services },
      environment: { NODE_ENV: 'test', DATABASE_URL: scratch.url, FILES_URL: `disk:${folder}`, ...options.settings },
    },
  )
  const started = await starting.catch(async (cause: unknown) => {
    await clear()
    throw cause
  })
  const clients: Client<A>[] = []
  const db: any = started.database.asSystem
  const services: any = started.services

  const settled = async () => {
    // subscriptions first get their first answers, then what the writes change, then it is all received
    await Promise.all(clients.map(sync))
    await started.live.settled()
    await Promise.all(clients.map(sync))
  }
  const send: typeof fetch = (input, init) => started.fetch?.(new Request(input, init)) ?? fetch(input, init)
  const settledFetch: typeof fetch = async (input, init) => {
    const answer = await send(input, init)
    const method = init?.method?.toUpperCase() ?? 'GET'
    if (method !== 'GET' && method !== 'HEAD') await settled()
    return answer
  }
  const open = (token?: string): Client<A> => {
    const opened = client<A>(started.apiUrl, { fetch: settledFetch, retries: 0, ...(token !== undefined && { token }) })
    clients.push(opened)
    return opened
  }
  const auth = () => {
    if (started.auth !== undefined) return started.auth
    throw testError('TAPRI_TEST_NO_USERS', 'Cannot sign anyone in: the app has no model "users"')
  }
  const token = async (email: string) => {
    const { issueToken } = auth()
    const user = await db.users.first({ where: { email } })
    if (user === null) throw testError('TAPRI_TEST_NO_USER', `Cannot find "${email}": sign that user up first`)
    return issueToken(user.id)
  }

  return {
    url: started.apiUrl,
    guest: open(),
    clock: { now: clock.now, advance: (duration) => clock.advance(milliseconds(duration)) },
    db,
    channel: started.channel,
    services,
    async signUp(email, values = {}) {
      const { issueToken } = auth()
      const user = await db.users.create(fillUser(app.description.models, email, values))
      return open(await issueToken(user.id))
    },
    fetch: send,
    token,
    file: (name, size = 1024) => testFile(name, size),
    settled,
    async [Symbol.asyncDispose]() {
      for (const opened of clients) closeClient(opened)
      await started.stop()
      await clear()
    },
  }
}
