import { requireWaiting } from '../../aborted.ts'
import { dataError } from '../../errors.ts'
import { Canceller, untilAborted } from '../cancel.ts'
import type { Sql, SqlRow } from '../sql/dialect.ts'
import { type Connect, type ConnectOptions, openSdk, type Session } from './connection.ts'
import { isUnreachable } from './failure.ts'
import { type Flavour, flavourOf } from './flavour.ts'
import { Pool } from './pool.ts'
import type { MysqlUrl } from './url.ts'

/** The connections to one server; those that break are replaced by new ones when they are needed. */
export class Server {
  readonly flavour: Flavour
  readonly #connect: Connect
  readonly #pool: Pool<Session>
  /** For transactions that are one message each. */
  readonly #makers: Pool<Session>
  readonly #canceller = new Canceller<Session>({
    open: () => this.connect({ timeout: cancelTimeout }),
    cancel: (session, number) => session.run(`kill query ${number}`),
    close: (session) => session.close(),
  })

  constructor(connect: Connect, url: MysqlUrl, flavour: Flavour) {
    this.flavour = flavour
    this.#connect = connect
    const keeping = { timeout: url.connectTimeout, idle: longestIdle }
    this.#pool = new Pool({
      ...keeping,
      most: url.pool,
      open: () => this.connect({ timeout: url.statementTimeout, release: (session) => this.#pool.give(session) }),
    })
    this.#makers = new Pool({
      ...keeping,
      most: makers,
      open: async () => {
        const session = await this.connect({
          timeout: url.statementTimeout,
          release: (released) => this.#makers.give(released),
        })
        await session.run(`set session innodb_lock_wait_timeout = ${makersWait}, lock_wait_timeout = ${makersWait}`)
        return session
      },
    })
  }

  /** A connection for a transaction that fails where it would have to wait for others for long. */
  async maker(): Promise<Session> {
    return (await this.#makers.take()).member
  }

  /** One statement on whatever connection is free; ended when the signal aborts. */
  async rows(statement: Sql, signal?: AbortSignal): Promise<SqlRow[]> {
    const { session, first } = await this.session((fresh) =>
      signal === undefined ? fresh.rows(statement) : this.until(signal, fresh, () => fresh.rows(statement)),
    )
    session.release()
    return first
  }

  /** A statement of a connection, which is closed when that was told to end: nobody else is to be hit by it. */
  async until<T>(signal: AbortSignal, session: Session, statement: () => Promise<T>): Promise<T> {
    requireWaiting(signal)
    try {
      return await untilAborted(signal, statement, () => this.cancel(session))
    } finally {
      if (signal.aborted) session.close()
    }
  }

  /** A connection of the pool on which `first` went well. One that broke while it lay idle is passed over. */
  async session<T>(first: (session: Session) => Promise<T>): Promise<{ readonly session: Session; readonly first: T }> {
    for (;;) {
      const { member: session, isUsed } = await this.#pool.take()
      try {
        return { session, first: await first(session) }
      } catch (error) {
        session.release()
        if (!isUsed || !session.isBroken || !isUnreachable(error)) throw error
      }
    }
  }

  /** A connection outside of the pool, unless told otherwise. */
  async connect(options: ConnectOptions): Promise<Session> {
    const session = await this.#connect(options)
    try {
      await session.run(settingsOf(this.flavour, options.timeout))
      return session
    } catch (error) {
      session.close()
      throw error
    }
  }

  /** Ends the statement that a connection is at, from another one. Never rejects. */
  cancel({ number }: Session): Promise<void> {
    return this.#canceller.cancel(number)
  }

  async close(): Promise<void> {
    await Promise.all([this.#pool.close(), this.#makers.close()])
  }
}

/** Loads the package that the app has installed, and asks the server which one it is.
 * @throws TAPRI_DATA_NO_SDK, TAPRI_DATA_OPEN */
export async function openServer(url: MysqlUrl): Promise<Server> {
  const connect = await openSdk(url)
  const session = await connect({ timeout: url.connectTimeout })
  try {
    const [row] = await session.rows({ sql: 'select version()', parameters: [] })
    const flavour = flavourOf(String(row?.[0]))
    if (typeof flavour === 'string') throw dataError('TAPRI_DATA_OPEN', flavour)
    return new Server(connect, url, flavour)
  } finally {
    session.close()
  }
}

/** Whatever the server was configured with, statements mean the same. */
function settingsOf(flavour: Flavour, timeout: number): string {
  const modes = 'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'
  const lockTimeout = timeout === 0 ? longest : Math.ceil(Math.min(timeout, longestLock) / 1000)
  const settings = [
    `sql_mode = '${modes}'`,
    "time_zone = '+00:00'",
    // messages are read, and in one language
    "lc_messages = 'en_US'",
    'autocommit = 1, foreign_key_checks = 1, unique_checks = 1',
    'sql_auto_is_null = 0, sql_safe_updates = 0, sql_big_selects = 1, sql_select_limit = default',
    `innodb_lock_wait_timeout = ${lockTimeout}, lock_wait_timeout = ${lockTimeout}`,
    // whoever opened it is gone; those of the pool are closed before
    `wait_timeout = ${timeout === 0 ? longest : (2 * longestIdle) / 1000}`,
    // a text is sorted by the whole of it, and some of the longest must fit
    'sort_buffer_size = 8388608',
    flavour.settings(timeout),
  ]
  const names = `set names utf8mb4 collate ${flavour.collation}`
  return `${names}; set session ${settings.join(', ')}; set session transaction isolation level read committed, read write`
}

/** As many as are sent at once. */
const makers = 2
/** Seconds, of which the server knows whole ones. */
const makersWait = 1
const longestIdle = 30_000
/** What is to end may hold up everything else, but not this. */
const cancelTimeout = 10_000
/** A transaction of the data room takes at most five seconds, and several may stand in line. */
const longestLock = 10_000
/** Seconds: eight hours, the server's own patience. */
const longest = 28_800
