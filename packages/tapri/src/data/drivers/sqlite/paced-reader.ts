import type { Model } from '../../catalog.ts'
import type { Condition } from '../../condition.ts'
import type { Raw, Select } from '../../driver.ts'
import type { StoredRow } from '../../evaluate.ts'
import type { Grouping } from '../../figures.ts'
import type { Sql, SqlRow } from '../sql/dialect.ts'
import type { Statements } from '../sql/statements.ts'
import { type Connection, Overrun, rawInputs } from './connection.ts'
import { sumTooLarge } from './failure.ts'
import { Pace } from './pace.ts'
import { type ReadPool, tookTooLong } from './read-pool.ts'
import { SqliteReader } from './session.ts'
import type { Upkeep } from './upkeep.ts'

interface PacedOptions {
  readonly pool: Pick<ReadPool, 'read' | 'raw'> | undefined
  /** Milliseconds that one read may take. */
  readonly limit: number
  readonly upkeep: Upkeep
}

/** What a read that was believed to be fast may take of the main thread, in milliseconds. */
const budget = 10
/** What is in a file this small is read faster than a thread is asked for it. */
const tiny = 1024 ** 2

/**
 * Reads committed rows: by id on the main thread, all else there while its shape is known to be fast, and in a worker
 * until then.
 */
export class PacedReader extends SqliteReader {
  readonly #pool: PacedOptions['pool']
  readonly #limit: number
  readonly #upkeep: Upkeep
  readonly #pace = new Pace()

  constructor(connection: Connection, statements: Statements, { pool, limit, upkeep }: PacedOptions) {
    super(connection, statements)
    this.#pool = pool
    this.#limit = limit
    this.#upkeep = upkeep
  }

  override async row(model: Model, id: string): Promise<StoredRow | undefined> {
    this.#upkeep.requireFile()
    return super.row(model, id)
  }

  override async select(query: Select, signal?: AbortSignal): Promise<StoredRow[]> {
    const rows = await this.#rows(this.statements.select(query), signal)
    return rows.map(this.statements.decoder(query.columns))
  }

  override async count(model: Model, condition: Condition, signal?: AbortSignal): Promise<number> {
    const [row] = await this.#rows(this.statements.count(model, condition), signal)
    return Number(row?.[0])
  }

  override async groups(grouping: Grouping, signal?: AbortSignal): Promise<unknown[][]> {
    try {
      return (await this.#rows(this.statements.groups(grouping), signal)).map(this.statements.groupDecoder(grouping))
    } catch (cause) {
      throw sumTooLarge(grouping.model, cause)
    }
  }

  /** In a worker, since nobody knows how long it takes. */
  override async raw<T>(work: (raw: Raw) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const pool = this.#pool
    if (pool === undefined) return super.raw(work)
    return work({
      kind: 'sqlite',
      run: async (statement) => {
        this.#upkeep.requireFile()
        return pool.raw({ sql: statement.sql, values: rawInputs(statement) }, signal)
      },
    })
  }

  #rows(statement: Sql, signal: AbortSignal | undefined): readonly SqlRow[] | Promise<readonly SqlRow[]> {
    const pool = this.#pool
    this.#upkeep.requireFile()
    if (pool === undefined) return this.#here(statement, this.#limit) ?? refuse(this.#limit)
    const isFast = this.#pace.isFast(statement.sql) ?? this.#isTiny()
    const rows = isFast ? this.#here(statement, Math.min(budget, this.#limit)) : undefined
    return rows ?? this.#there(pool, statement, signal)
  }

  /** Undefined when it could not be done in that time. */
  #here(statement: Sql, limit: number): readonly SqlRow[] | undefined {
    const before = performance.now()
    try {
      return this.connection.rowsWithin(statement, limit)
    } catch (error) {
      if (error instanceof Overrun) return undefined
      throw error
    } finally {
      this.#pace.note(statement.sql, performance.now() - before)
    }
  }

  async #there(pool: Pick<ReadPool, 'read'>, statement: Sql, signal: AbortSignal | undefined): Promise<readonly SqlRow[]> {
    const { rows, took } = await pool.read(statement, signal)
    this.#pace.note(statement.sql, took)
    return rows
  }

  #isTiny(): boolean {
    const pages = Number(this.connection.value('PRAGMA page_count'))
    return pages * Number(this.connection.value('PRAGMA page_size')) <= tiny
  }
}

function refuse(limit: number): never {
  throw tookTooLong(limit)
}
