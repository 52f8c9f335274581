import { readFileSync } from 'node:fs'
import type mysql from 'mysql2/promise'
import type { RawAnswer, RawStatement } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import type { Sql, SqlRow, SqlValue } from '../sql/dialect.ts'
import { isUnusable, translate, unanswered } from './failure.ts'
import type { MysqlUrl } from './url.ts'

/** What a statement that writes has done. */
export interface Written {
  readonly changed: number
  /** What the statement gave to `last_insert_id`. */
  readonly given: number
}

/** One connection for somebody alone. */
export interface Session {
  /** As the server knows it. */
  readonly number: number
  readonly isBroken: boolean
  rows(statement: Sql): Promise<SqlRow[]>
  write(statement: Sql): Promise<Written>
  /** Runs a statement of the app's own, which is not kept prepared. */
  raw(statement: RawStatement): Promise<RawAnswer>
  /** Runs a text of one or more statements; answers what each of them has done. After one that fails there are no more. */
  run(text: string): Promise<Written[]>
  /** Calls with the error when the connection is lost. */
  hear(call: (lost: unknown) => void): void
  /** Back to the pool, or closed when it broke or was never of the pool. */
  release(): void
  close(): void
}

export interface ConnectOptions {
  /** Nobody waits longer for an answer; 0 is for ever. */
  readonly timeout: number
  /** Takes it back; unless told it is closed then. */
  release?(session: Session): void
}
export type Connect = (options: ConnectOptions) => Promise<Session>

type Sdk = typeof mysql

/** Loads the package that the app has installed; answers how to connect with it.
 * @throws TAPRI_DATA_NO_SDK */
export async function openSdk(url: MysqlUrl): Promise<Connect> {
  const sdk = await load()
  const settings = connectionSettings(url)
  return async (options) => {
    try {
      return new MysqlSession(sdk, await sdk.createConnection(settings), options)
    } catch (cause) {
      throw translate(cause)
    }
  }
}

class MysqlSession implements Session {
  readonly number: number
  isBroken = false
  readonly #sdk: Sdk
  readonly #connection: mysql.Connection
  readonly #options: ConnectOptions
  readonly #listeners: ((lost: unknown) => void)[] = []
  readonly #waiting = new Set<(lost: unknown) => void>()

  constructor(sdk: Sdk, connection: mysql.Connection, options: ConnectOptions) {
    this.number = connection.threadId
    this.#sdk = sdk
    this.#connection = connection
    this.#options = options
    connection.on('error', (error) => this.#break(translate(error)))
    connection.on('end', () => this.#break(lost()))
  }

  async rows(statement: Sql): Promise<SqlRow[]> {
    return asRows(await this.#execute(statement))
  }

  async write(statement: Sql): Promise<Written> {
    return writtenOf(await this.#execute(statement))
  }

  raw({ sql, parameters }: RawStatement): Promise<RawAnswer> {
    return this.#watched(async () => {
      try {
        const [answer] = await this.#connection.execute({ sql, values: parameters.map((value) => this.#value(stored(value))) })
        const header = headerOf(answer)
        return header === undefined ? { rows: asRecords(answer), changed: 0 } : { rows: [], changed: header.affectedRows }
      } finally {
        this.#connection.unprepare(sql)
      }
    })
  }

  async run(text: string): Promise<Written[]> {
    // with no values at all the package does not look for places of them
    const [answer] = await this.#watched(() => this.#connection.query(text, null))
    // several statements answer a list: of headers, and of lists of rows
    return Array.isArray(answer) ? answer.map(writtenOf) : [writtenOf(answer)]
  }

  hear(call: (lost: unknown) => void): void {
    this.#listeners.push(call)
  }

  release(): void {
    if (this.#options.release === undefined) this.close()
    else this.#options.release(this)
  }

  close(): void {
    this.#listeners.length = 0
    this.#break(lost())
    // nobody waits for the end of a connection that is given up
    this.#connection.destroy()
  }

  #execute({ sql, parameters }: Sql): Promise<unknown> {
    return this.#watched(async () => {
      const values = parameters.map((value) => this.#value(value))
      const [answer] = await this.#connection.execute({ sql, values, rowsAsArray: true })
      return answer
    })
  }

  /** The package sends numbers as fractions, which no LIMIT takes and which compare otherwise. */
  #value(value: SqlValue) {
    return typeof value === 'number' && Number.isSafeInteger(value) ? this.#sdk.TypedParameter.LONGLONG(value) : asValue(value)
  }

  /** Whoever waits for an answer is told when it cannot come: the package itself forgets them when it closes. */
  async #watched<T>(work: () => Promise<T>): Promise<T> {
    if (this.isBroken) throw lost()
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const { timeout } = this.#options
    const late = () => reject(Object.assign(new Error('the server does not answer'), { code: unanswered }))
    const timer = timeout === 0 ? undefined : setTimeout(late, timeout + longerThanServer)
    this.#waiting.add(reject)
    try {
      work().then(resolve, reject)
      return await promise
    } catch (cause) {
      const error = translate(cause)
      if (isUnusable(cause)) this.#break(error)
      throw error
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(reject)
    }
  }

  #break(error: unknown): void {
    if (this.isBroken) return
    this.isBroken = true
    for (const reject of this.#waiting) reject(error)
    for (const call of this.#listeners) call(error)
  }
}

/** The server ends what takes too long by itself; one that is gone without a word is waited for a little longer. */
const longerThanServer = 5000

function lost() {
  return dataError('TAPRI_DATA_UNREACHABLE', 'Cannot reach the database: the connection is closed')
}

async function load(): Promise<Sdk> {
  try {
    return (await import('mysql2/promise')).default
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND')) throw cause
    const how = 'the package "mysql2" is not installed, run "npm install mysql2"'
    throw dataError('TAPRI_DATA_NO_SDK', `Cannot use MySQL or MariaDB: ${how}`, { cause })
  }
}

/** How the package is told to connect to what a URL names. */
export function connectionSettings(url: MysqlUrl): mysql.ConnectionOptions {
  return {
    host: url.host,
    port: url.port,
    database: url.database,
    ...(url.user !== undefined && { user: url.user }),
    ...(url.password !== undefined && { password: url.password }),
    connectTimeout: url.connectTimeout,
    charset: 'UTF8MB4_UNICODE_CI',
    enableKeepAlive: true,
    // texts of ours alone have more than one statement: a prepared one is alone, and values in texts are digits
    multipleStatements: true,
    // the server keeps some thousands for all of its connections together
    maxPreparedStatements: 300,
    trace: false,
    ...tlsOf(url),
  }
}

/** As libpq means them: `require` hides what is sent, `verify-full` also proves who receives it. */
function tlsOf({ sslmode, sslrootcert }: MysqlUrl): { readonly ssl?: mysql.SslOptions } {
  if (sslmode === 'disable') return {}
  const ca = sslrootcert === undefined ? {} : { ca: readFileSync(sslrootcert, 'utf8') }
  if (sslmode === 'require' && sslrootcert === undefined) return { ssl: { rejectUnauthorized: false } }
  return { ssl: { rejectUnauthorized: true, verifyIdentity: sslmode === 'verify-full', ...ca } }
}

/** A value of the app's own, as the columns of its models store it. */
function stored(value: unknown): SqlValue {
  if (value === null || value === undefined) return null
  if (typeof value === 'boolean') return Number(value)
  if (value instanceof Date) return value.getTime()
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
  return isPlain || value instanceof Uint8Array ? value : JSON.stringify(value)
}

// With `rowsAsArray` a statement that answers rows gives arrays; one that writes gives an object.
function asRows(answer: unknown): SqlRow[] {
  return Array.isArray(answer) ? (answer as SqlRow[]) : []
}

// Without it, objects.
function asRecords(answer: unknown): readonly Readonly<Record<string, unknown>>[] {
  return answer as readonly Readonly<Record<string, unknown>>[]
}

function writtenOf(answer: unknown): Written {
  const header = headerOf(answer)
  return { changed: header?.affectedRows ?? 0, given: header?.insertId ?? 0 }
}

// What is not a list of rows is the header of the package's own making.
function headerOf(answer: unknown): mysql.ResultSetHeader | undefined {
  return Array.isArray(answer) ? undefined : (answer as mysql.ResultSetHeader)
}

// Lists are values of PostgreSQL's alone: here each value of a list has a place of its own.
function asValue(value: SqlValue) {
  return value as string | number | bigint | boolean | null | Buffer
}
