import type { Model } from '../../catalog.ts'
import type { Condition } from '../../condition.ts'
import type { Raw, RawAnswer, RawStatement, Select, Transaction } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import type { StoredRow } from '../../evaluate.ts'
import type { Grouping } from '../../figures.ts'
import type { Sql } from '../sql/dialect.ts'
import type { Statements } from '../sql/statements.ts'
import { type Connection, rawInputs } from './connection.ts'

import type { SqliteReader } from './session.ts'

/** How a transaction begins and ends: by itself, or as a part of a batch. */
export interface Frame {
  readonly isShared: boolean
  commit(): Promise<void>
  rollback(): Promise<void>
  /** SQLite has ended the transaction by itself, and undone what was written in it. */
  lose(error: unknown): void
}

/** What is written to the connection that writes, one transaction at a time. */
export class SqliteTransaction implements Transaction {
  readonly isShared: boolean
  readonly #connection: Connection
  readonly #statements: Statements
  readonly #reader: SqliteReader
  readonly #frame: Frame
  #isOpen = true
  #lost: { readonly error: unknown } | undefined
  #depth = 0

  constructor(connection: Connection, statements: Statements, reader: SqliteReader, frame: Frame) {
    this.#connection = connection
    this.#statements = statements
    this.#reader = reader
    this.#frame = frame
    this.isShared = frame.isShared
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

  async raw<T>(work: (raw: Raw) => Promise<T>): Promise<T> {
    return this.#open().raw(work)
  }

  async rawWrite<T>(work: (raw: Raw) => Promise<T>): Promise<T> {
    return work({ kind: 'sqlite', run: async (statement) => this.#rawWrite(statement) })
  }

  async insert(model: Model, row: StoredRow): Promise<void> {
    this.#write(this.#statements.insert(model, row))
  }

  async update(model: Model, id: string, values: Readonly<Record<string, unknown>>): Promise<void> {
    this.#write(this.#statements.update(model, id, values))
  }

  async delete(model: Model, ids: readonly string[]): Promise<void> {
    this.#write(this.#statements.delete(model, ids))
  }

  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    const name = `s${++this.#depth}`
    this.#run(`SAVEPOINT ${name}`)
    try {
      const result = await work()
      this.#run(`RELEASE ${name}`)
      return result
    } catch (error) {
      if (this.#isOpen && this.#lost === undefined) {
        this.#run(`ROLLBACK TO ${name}`)
        this.#run(`RELEASE ${name}`)
      }
      throw error
    } finally {
      this.#depth--
    }
  }

  async appendChanges(at: number, changes: string): Promise<number> {
    return this.#write({
      sql: 'INSERT INTO tapri_changes (at, changes) VALUES (?, ?)',
      parameters: [at, changes],
    })
  }

  async trimChanges(kept: number, before: number): Promise<void> {
    // entries go from the front on, so that what is left has no gaps; those that are too old stand there, nothing else is read
    const newest = '(SELECT max(position) FROM tapri_changes)'
    const young = '(SELECT position FROM tapri_changes WHERE at >= ? ORDER BY position LIMIT 1)'
    this.#write({
      sql: `DELETE FROM tapri_changes WHERE position < max(${newest} - ? + 1, coalesce(${young}, 0))`,
      parameters: [kept, before],
    })
  }

  async commit(): Promise<void> {
    this.#open()
    await this.#frame.commit()
    this.#isOpen = false
  }

  async rollback(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    await this.#frame.rollback()
  }

  #write(statement: Sql): number {
    return this.#watched(() => this.#connection.write(statement))
  }

  #rawWrite(statement: RawStatement): RawAnswer {
    return this.#watched(() => this.#connection.raw(statement.sql, rawInputs(statement), { writes: true }))
  }

  #watched<T>(work: () => T): T {
    this.#open()
    try {
      return work()
    } catch (error) {
      this.#notice(error)
      throw error
    }
  }

  #run(sql: string): void {
    this.#write({ sql, parameters: [] })
  }

  #open(): SqliteReader {
    if (!this.#isOpen) throw dataError('TAPRI_DATA_TRANSACTION', 'Cannot go on in a transaction that has ended')
    if (this.#lost === undefined && !this.#connection.isInTransaction) this.#lose(givenUp())
    if (this.#lost !== undefined) throw this.#lost.error
    return this.#reader
  }

  #notice(error: unknown): void {
    if (this.#lost === undefined && !this.#connection.isInTransaction) this.#lose(error)
  }

  /** When the disk is full SQLite ends the transaction by itself: what follows would be written outside of any. */
  #lose(error: unknown): void {
    this.#lost = { error }
    this.#frame.lose(error)
  }
}

function givenUp() {
  return dataError('TAPRI_DATA_STORAGE', 'Cannot go on in a transaction that SQLite has given up: read the log, then try again')
}
