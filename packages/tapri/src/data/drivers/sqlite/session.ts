import type { StatementSync } from 'node:sqlite'
import type { Model } from '../../catalog.ts'
import type { Condition } from '../../condition.ts'
import type { Raw, RawStatement, Reader, Select } from '../../driver.ts'
import type { StoredRow } from '../../evaluate.ts'
import type { Grouping } from '../../figures.ts'
import type { SqlRow } from '../sql/dialect.ts'
import type { Statements } from '../sql/statements.ts'
import { type Connection, firstRow, rawInputs } from './connection.ts'
import { sumTooLarge } from './failure.ts'

/** Reads over one connection. */
export class SqliteReader implements Reader {
  protected readonly connection: Connection
  protected readonly statements: Statements
  readonly #rows = new Map<Model, { statement: StatementSync; decode: (row: SqlRow) => StoredRow }>()

  constructor(connection: Connection, statements: Statements) {
    this.connection = connection
    this.statements = statements
  }

  async row(model: Model, id: string): Promise<StoredRow | undefined> {
    let known = this.#rows.get(model)
    if (known === undefined) {
      known = {
        statement: this.connection.prepare(this.statements.row(model, id).sql),
        decode: this.statements.decoder(model.columns),
      }
      this.#rows.set(model, known)
    }
    const row = firstRow(known.statement, id)
    return row === undefined ? undefined : known.decode(row)
  }

  async select(query: Select): Promise<StoredRow[]> {
    return this.connection.rows(this.statements.select(query)).map(this.statements.decoder(query.columns))
  }

  async count(model: Model, condition: Condition): Promise<number> {
    return Number(this.connection.rows(this.statements.count(model, condition))[0]?.[0])
  }

  async groups(grouping: Grouping): Promise<unknown[][]> {
    try {
      return this.connection.rows(this.statements.groups(grouping)).map(this.statements.groupDecoder(grouping))
    } catch (cause) {
      throw sumTooLarge(grouping.model, cause)
    }
  }

  /** On this thread, however long it takes. */
  async raw<T>(work: (raw: Raw) => Promise<T>): Promise<T> {
    return work({
      kind: 'sqlite',
      run: async (statement) => this.connection.raw(statement.sql, rawInputs(statement), { writes: false }),
    })
  }
}

/**
 * Reads of a database in memory: there is one connection, so they wait until the open transaction has ended
 * rather than see what it has not committed.
 */
export class WaitingReader implements Reader {
  readonly #reader: SqliteReader
  readonly #open: () => Promise<void> | undefined

  constructor(reader: SqliteReader, open: () => Promise<void> | undefined) {
    this.#reader = reader
    this.#open = open
  }

  async row(model: Model, id: string): Promise<StoredRow | undefined> {
    while (this.#open() !== undefined) await this.#open()
    return this.#reader.row(model, id)
  }

  async select(query: Select): Promise<StoredRow[]> {
    while (this.#open() !== undefined) await this.#open()
    return this.#reader.select(query)
  }

  async count(model: Model, condition: Condition): Promise<number> {
    while (this.#open() !== undefined) await this.#open()
    return this.#reader.count(model, condition)
  }

  async groups(grouping: Grouping): Promise<unknown[][]> {
    while (this.#open() !== undefined) await this.#open()
    return this.#reader.groups(grouping)
  }

  async raw<T>(work: (raw: Raw) => Promise<T>): Promise<T> {
    return this.#reader.raw((raw) => work(this.#waiting(raw)))
  }

  #waiting(raw: Raw): Raw {
    if (raw.kind === 'mongodb') return raw
    const run = async (statement: RawStatement) => {
      while (this.#open() !== undefined) await this.#open()
      return raw.run(statement)
    }
    return { ...raw, run }
  }
}
