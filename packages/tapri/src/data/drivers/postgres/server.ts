import type { Writable } from 'node:stream'
import { connectionSettings, loadPostgres, type PostgresUrl, type pg } from '../../../postgres/index.ts'
import { aborted } from '../../aborted.ts'
import type { RawAnswer, RawStatement } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import { Canceller, untilAborted } from '../cancel.ts'
import type { Sql, SqlRow } from '../sql/dialect.ts'
import { translate } from './failure.ts'

/** One connection for somebody alone. */
export interface Session {
  rows(statement: Sql): Promise<SqlRow[]>
  /** Runs a statement of the app's own, which is not kept prepared. */
  raw(statement: RawStatement): Promise<RawAnswer>
  /** Runs a text that has no values; answers what the server calls what it did last. */
  run(text: string): Promise<string>
  /** Calls on notifications of other sessions, and with the error when the connection is lost. */
  hear(call: (lost?: unknown) => void): void
  /** Ends the statement at work, from another connection. Never rejects. */
  cancel(): Promise<void>
  /** Back to the pool, or closed when it is `broken` or was never of the pool. */
  release(broken: boolean): void
}

/** The connections to one server; those that break are replaced by new ones when they are needed. */
export class Server {
  readonly #sdk: typeof pg
  readonly #settings: pg.ClientConfig
  readonly #pool: pg.Pool
  /** For statements that are a transaction each. */
  readonly #makers: pg.Pool
  /** Statements are prepared under these names, once in each connection. */
  readonly #names = new Map<string, string>()
  readonly #canceller = new Canceller<Session>({
    open: () => this.connect(),
    cancel: (session, number) => session.rows({ sql: 'select pg_cancel_backend($1)', parameters: [number] }),
    close: (session) => session.release(true),
  })

  constructor(sdk: typeof pg, url: PostgresUrl) {
    this.#sdk = sdk
    this.#settings = settingsOf(url)
    // statements are sent while earlier ones are still being answered
    this.#pool = this.#poolOf({ max: url.pool, pipeline: true })
    const options = `${this.#settings.options ?? ''} -c default_transaction_isolation=serializable`
    this.#makers = this.#poolOf({ max: makers, options, lock_timeout: longestLock })
  }

  /** One statement on whatever connection is free; ended when the signal aborts. */
  async rows(statement: Sql, signal?: AbortSignal): Promise<SqlRow[]> {
    try {
      const query = this.#query(statement)
      const { rows } = signal === undefined ? await this.#pool.query(query) : await this.#queryUntil(query, signal)
      return rows
    } catch (cause) {
      throw translate(cause)
    }
  }

  /** A statement that is a serializable transaction. It fails where it would have to wait for others for long. */
  async make(statement: Sql): Promise<SqlRow[]> {
    return (await this.#makers.query(this.#query(statement))).rows
  }

  async session(): Promise<Session> {
    try {
      const client = await this.#pool.connect()
      return this.#sessionOf(client, (broken) => client.release(broken))
    } catch (cause) {
      throw translate(cause)
    }
  }

  /** A connection outside of the pool. */
  async connect(): Promise<Session> {
    const client = new this.#sdk.Client(this.#settings)
    client.on('error', ignore)
    try {
      await client.connect()
    } catch (cause) {
      throw translate(cause)
    }
    return this.#sessionOf(client, () => {
      // nobody waits for the end of a connection that is given up
      client.end().catch(() => {})
    })
  }

  async close(): Promise<void> {
    await Promise.all([this.#pool.end(), this.#makers.end()])
  }

  #poolOf(settings: pg.PoolConfig): pg.Pool {
    const pool = new this.#sdk.Pool({ ...this.#settings, idleTimeoutMillis: 30_000, allowExitOnIdle: true, ...settings })
    // a connection that breaks while nobody uses it concerns nobody; the next one to ask gets another
    pool.on('error', ignore)
    // what goes wrong while somebody uses it is told to whoever waits for a statement; it may break before they listen
    pool.on('connect', (client) => client.on('error', ignore))
    return pool
  }

  async #queryUntil(query: pg.QueryArrayConfig, signal: AbortSignal): Promise<pg.QueryArrayResult> {
    const client = await this.#pool.connect()
    let isWhole = false
    if (signal.aborted) {
      // nothing was sent, so whoever comes next can have it as it is
      client.release()
      throw aborted(signal)
    }
    try {
      const result = await untilAborted(
        signal,
        () => client.query(query),
        () => this.#cancel(client),
      )
      isWhole = !signal.aborted
      return result
    } finally {
      // as the pool itself does; and whoever came next might be hit by a cancellation that came too late
      client.release(!isWhole)
    }
  }

  #cancel({ processID }: OpenClient): Promise<void> {
    return this.#canceller.cancel(processID ?? 0)
  }

  #sessionOf(client: OpenClient, release: (broken: boolean) => void): Session {
    const gather = gathering(client.connection.stream)
    return {
      rows: async (statement) => {
        gather()
        try {
          return (await client.query(this.#query(statement))).rows
        } catch (cause) {
          throw translate(cause)
        }
      },
      raw: async ({ sql, parameters }) => {
        try {
          const { rows, rowCount } = await client.query(sql, [...parameters])
          return { rows, changed: rowCount ?? 0 }
        } catch (cause) {
          throw translate(cause)
        }
      },
      run: async (text) => {
        gather()
        try {
          return lastOf(await client.query(text)).command
        } catch (cause) {
          throw translate(cause)
        }
      },
      hear(call) {
        client.on('notification', (message) => {
          if (message.processId !== client.processID) call()
        })
        client.on('error', (error) => call(error))
        client.on('end', () => call(new Error('Connection terminated')))
      },
      cancel: () => this.#cancel(client),
      release,
    }
  }

  #query({ sql, parameters }: Sql): pg.QueryArrayConfig & { name: string } {
    let name = this.#names.get(sql)
    if (name === undefined) {
      name = `tapri_${this.#names.size + 1}`
      this.#names.set(sql, name)
    }
    return { name, text: sql, values: [...parameters], rowMode: 'array' }
  }
}

type OpenClient = pg.ClientBase & { readonly processID?: number | null; readonly connection: { readonly stream: Writable } }

/** Statements that are sent in one turn go out as one packet. */
function gathering(stream: Writable): () => void {
  let isGathering = false
  return () => {
    if (isGathering) return
    isGathering = true
    stream.cork()
    process.nextTick(() => {
      isGathering = false
      stream.uncork()
    })
  }
}

function ignore(): void {}

/** Loads the package that the app has installed.
 * @throws TAPRI_DATA_NO_SDK */
export async function openServer(url: PostgresUrl): Promise<Server> {
  const sdk = await loadPostgres((message, options) => dataError('TAPRI_DATA_NO_SDK', message, options))
  return new Server(sdk, url)
}

/** As many as are sent at once. */
const makers = 2
/** Who must wait for longer goes on in a transaction of its own, and keeps nobody else waiting. */
const longestLock = 100

/** Idle for longer than a transaction of the data room may take: whoever opened it is gone. */
const idleInTransaction = 15_000

function settingsOf(url: PostgresUrl): pg.ClientConfig {
  return {
    ...connectionSettings(url),
    idle_in_transaction_session_timeout: idleInTransaction,
    types: { getTypeParser: parserOf },
  }
}

/** How the text of a value is read that the codec is to decode. */
export function parserOf(oid: number): (text: string) => unknown {
  return parsers[oid] ?? asText
}

// https://www.postgresql.org/docs/current/catalog-pg-type.html: bool, int8, int2, int4, float8; the rest is read by the codec
const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === 't',
  20: Number,
  21: Number,
  23: Number,
  701: Number,
}

function asText(text: string): string {
  return text
}

/** A text of several statements answers a list, whatever its type says. */
function lastOf(answer: pg.QueryResult | readonly pg.QueryResult[]): { readonly command: string } {
  const results: readonly pg.QueryResult[] = Array.isArray(answer) ? answer : [answer]
  return results.at(-1) ?? { command: '' }
}
