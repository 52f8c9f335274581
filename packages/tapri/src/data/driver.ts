import type { Column, Model } from './catalog.ts'
import type { Condition } from './condition.ts'
import type { StoredRow } from './evaluate.ts'
import type { MigrationAction, TableState } from './migration/state.ts'

export interface Order {
  readonly column: Column
  readonly down: boolean
}

/** Which rows in which order. Nulls come first; texts order by code point. */
export interface Select {
  readonly model: Model
  readonly columns: readonly Column[]
  readonly condition: Condition
  readonly order: readonly Order[]
  readonly limit: number
  readonly offset: number
}

/** Reads rows. What it gives is decoded: times are dates, a file is its facts, lists are arrays. */
export interface Reader {
  row(model: Model, id: string): Promise<StoredRow | undefined>
  select(query: Select): Promise<StoredRow[]>
  count(model: Model, condition: Condition): Promise<number>
}

/** A transaction: it reads what it has written, others read what was before, until `commit`. */
export interface Transaction extends Reader {
  /** Reads a row and keeps every other transaction from changing it. */
  lock(model: Model, id: string): Promise<StoredRow | undefined>
  /** @throws TAPRI_DATA_NOT_UNIQUE */
  insert(model: Model, row: StoredRow): Promise<void>
  /** @throws TAPRI_DATA_NOT_UNIQUE */
  update(model: Model, id: string, values: Readonly<Record<string, unknown>>): Promise<void>
  delete(model: Model, ids: readonly string[]): Promise<void>
  /** Undoes what the work wrote when it fails. */
  savepoint<T>(work: () => Promise<T>): Promise<T>
  /** Writes one entry of the change log; answers its position, which is higher than every earlier one. */
  appendChanges(at: number, changes: string): Promise<number>
  /** Forgets entries up to the position, and those from before the moment. */
  trimChanges(upTo: number, before: number): Promise<void>
  commit(): Promise<void>
  rollback(): Promise<void>
}

export interface LoggedChanges {
  readonly position: number
  readonly at: number
  readonly changes: string
}

/** What the database tells of itself when it is opened. */
export interface DatabaseFacts {
  /** Another one after the database was made anew. */
  readonly epoch: string
  /** Kept with the data, so that cursors outlive a restart. */
  readonly secret: string
  readonly position: number
}

/**
 * One kind of database. It knows columns and conditions, nothing of policies, callers or validation.
 * The caller of `begin` and `migrate` holds the write queue: they are never called while a transaction is open.
 */
export interface Driver {
  readonly facts: DatabaseFacts
  /** Reads committed rows, whatever transaction is open. */
  readonly reader: Reader
  begin(): Promise<Transaction>
  changesSince(position: number, limit: number): Promise<LoggedChanges[]>
  tables(): Promise<TableState[]>
  countRows(table: string): Promise<number>
  countNulls(table: string, column: string): Promise<number>
  /** Values of these columns, together, that occur more than once. */
  countTwins(table: string, columns: readonly string[]): Promise<number>
  /** Values of the column that name no row of the target. */
  countOrphans(table: string, column: string, target: string): Promise<number>
  /** All of it or nothing; recorded with its moment. */
  migrate(actions: readonly MigrationAction[], summaries: readonly string[], at: number): Promise<void>
  close(): Promise<void>
}
