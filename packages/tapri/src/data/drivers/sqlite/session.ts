import type { StatementSync } from 'node:sqlite'
import type { Model } from '../../catalog.ts'
import type { Condition } from '../../condition.ts'
import type { Reader, Select, Transaction } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import type { StoredRow } from '../../evaluate.ts'
import type { Grouping } from '../../figures.ts'
import type { SqlRow } from '../sql/dialect.ts'
import type { Statements } from '../sql/statements.ts'
import { type Connection, firstRow } from './connection.ts'

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
      // SQLite adds whole numbers in 64 bits, and gives up beyond
      if (!(cause instanceof Error) || cause.message !== 'integer overflow') throw cause
      const reason = 'a sum is beyond what a number holds: narrow the where'
      throw dataError('TAPRI_DATA_QUERY', `Cannot query ${grouping.model.name}: ${reason}`, { cause })
    }
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
}

/** The one open transaction of the writing connection. */
export class SqliteTransaction implements Transaction {
  readonly #connection: Connection
  readonly #statements: Statements
  readonly #reader: SqliteReader
  readonly #ended: () => void
  #isOpen = true
  #depth = 0

  constructor(connection: Connection, statements: Statements, reader: SqliteReader, ended: () => void) {
    this.#connection = connection
    this.#statements = statements
    this.#reader = reader
    this.#ended = ended
    connection.run('BEGIN IMMEDIATE')
  }

  async row(model: Model, id: string): Promise<StoredRow | undefined> {
    return this.#open().row(model, id)
  }

  /** BEGIN IMMEDIATE has locked the whole database. */
  async lock(model: Model, id: string): Promise<StoredRow | undefined> {
    return this.#open().row(model, id)
  }

  async select(query: Select): Promise<StoredRow[]> {
    return this.#open().select(query)
  }

  async count(model: Model, condition: Condition): Promise<number> {
    return this.#open().count(model, condition)
  }

  async groups(grouping: Grouping): Promise<unknown[][]> {
    return this.#open().groups(grouping)
  }

  async insert(model: Model, row: StoredRow): Promise<void> {
    this.#open()
    this.#connection.write(this.#statements.insert(model, row))
  }

  async update(model: Model, id: string, values: Readonly<Record<string, unknown>>): Promise<void> {
    this.#open()
    this.#connection.write(this.#statements.update(model, id, values))
  }

  async delete(model: Model, ids: readonly string[]): Promise<void> {
    this.#open()
    this.#connection.write(this.#statements.delete(model, ids))
  }

  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    this.#open()
    const name = `s${++this.#depth}`
    this.#connection.run(`SAVEPOINT ${name}`)
    try {
      const result = await work()
      this.#open()
      this.#connection.run(`RELEASE ${name}`)
      return result
    } catch (error) {
      // SQLite ends the transaction by itself when the disk is full; then there is nothing to go back to
      if (this.#isOpen) this.#undo(name)
      throw error
    } finally {
      this.#depth--
    }
  }

  async appendChanges(at: number, changes: string): Promise<number> {
    this.#open()
    return this.#connection.write({
      sql: 'INSERT INTO tapri_changes (at, changes) VALUES (?, ?)',
      parameters: [at, changes],
    })
  }

  async trimChanges(kept: number, before: number): Promise<void> {
    this.#open()
    this.#connection.write({
      sql: 'DELETE FROM tapri_changes WHERE position <= (SELECT max(position) FROM tapri_changes) - ? OR at < ?',
      parameters: [kept, before],
    })
  }

  async commit(): Promise<void> {
    this.#open()
    this.#connection.run('COMMIT')
    this.#end()
  }

  async rollback(): Promise<void> {
    if (!this.#isOpen) return
    try {
      if (this.#connection.isInTransaction) this.#connection.run('ROLLBACK')
    } finally {
      this.#end()
    }
  }

  #undo(name: string): void {
    if (!this.#connection.isInTransaction) return
    this.#connection.run(`ROLLBACK TO ${name}`)
    this.#connection.run(`RELEASE ${name}`)
  }

  #open(): SqliteReader {
    if (!this.#isOpen) throw dataError('TAPRI_DATA_TRANSACTION', 'Cannot go on in a transaction that has ended')
    return this.#reader
  }

  #end(): void {
    this.#isOpen = false
    this.#ended()
  }
}
