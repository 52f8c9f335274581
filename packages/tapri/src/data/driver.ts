import type { Column, Model } from './catalog.ts'
import type { Condition } from './condition.ts'
import type { StoredRow } from './evaluate.ts'
import type { Grouping } from './figures.ts'
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
  /** At most this many rows, the first in the order, for each value of the column. */
  readonly each?: { readonly column: Column; readonly limit: number }
  /** Rows in which more of these words begin words of more of these fields come first, before the order. */
  readonly rank?: Condition & { readonly kind: 'search' }
  /** In a transaction: keeps every other one from changing these rows. */
  readonly lock?: boolean
}

/** Reads rows. What it gives is decoded: times are dates, a file is its facts, lists are arrays. */
export interface Reader {
  row(model: Model, id: string): Promise<StoredRow | undefined>
  select(query: Select): Promise<StoredRow[]>
  count(model: Model, condition: Condition): Promise<number>
  /** For each group the values of `by`, then the figures; the sum of whole numbers may be text. */
  groups?(grouping: Grouping): Promise<unknown[][]>
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
  /** Writes the entry of this transaction in the change log; answers its position. */
  appendChanges(at: number, changes: string): Promise<number>
  /** Lets the log forget, at COMMIT or soon after, all but the newest entries and those from before the moment. */
  trimChanges(kept: number, before: number): Promise<void>
  /** @throws TAPRI_DATA_CONFLICT when another transaction was in the way; nothing is written then */
  commit(): Promise<void>
  rollback(): Promise<void>
}

/**
 * What a transaction may count on while others write at the same time. `row`: what it has locked stays, the rest is as
 * committed at each statement. `serial`: as if it had run alone, or TAPRI_DATA_CONFLICT.
 */
export type Isolation = 'row' | 'serial'

export interface BeginOptions {
  readonly isolation: Isolation
  /** Waits for every other writer, in whatever process, and keeps them waiting: nothing can be in its way. */
  readonly alone: boolean
}

export interface LoggedChanges {
  readonly position: number
  readonly at: number
  readonly changes: string
}

/** A part of the change log, in its order. */
export interface ChangesRead {
  readonly entries: readonly LoggedChanges[]
  /** Entries up to this position may have been forgotten. */
  readonly forgotten: number
}

/**
 * Where several transactions, of several processes too, commit at once: only the database knows the order of commits,
 * and every process reads it from there.
 */
export interface Tail {
  /** The entries after a position that nothing can come in front of any more. */
  read(position: number, limit: number): Promise<ChangesRead>
  /** Waits in the database, a little longer each time, for older transactions to end. */
  pause(turn: number): Promise<void>
  /** Tells the other processes that there is something to read. */
  notify(): Promise<void>
  /** Begins to listen: `wake` is called when another process has committed, and with the error when that cannot be heard any more. */
  listen(wake: (lost?: unknown) => void): Promise<void>
  close(): Promise<void>
}

/** What the database tells of itself when it is opened. */
export interface DatabaseFacts {
  /** Another one after the database was made anew. */
  readonly epoch: string
  /** Kept with the data, so that cursors outlive a restart. */
  readonly secret: string
  readonly position: number
}

/** Whether the database answers, and what it says when it does not. */
export type Health = { readonly answers: true } | { readonly answers: false; readonly reason: string }

/** One kind of database. It knows columns and conditions, nothing of policies, callers or validation. */
export interface Driver {
  readonly facts: DatabaseFacts
  /** Reads committed rows, whatever transaction is open. */
  readonly reader: Reader
  /** So many transactions may be open at once; the caller of `begin` keeps to it. */
  readonly writers: number
  /** Undefined with one writer: then the order of its commits is the order of the log. */
  readonly tail: Tail | undefined
  begin(options: BeginOptions): Promise<Transaction>
  /** Nobody else writes or migrates while the work goes on; with one writer its caller sees to that. */
  exclusively<T>(work: () => Promise<T>): Promise<T>
  /** Whether a transaction that failed with this may pass when it is run again. */
  mayPass(error: unknown): boolean
  /** All committed entries after a position, those too that the tail holds back. */
  changesSince(position: number, limit: number): Promise<ChangesRead>
  tables(): Promise<TableState[]>
  countRows(table: string): Promise<number>
  countNulls(table: string, column: string): Promise<number>
  /** Values of these columns, together, that occur more than once. */
  countTwins(table: string, columns: readonly string[]): Promise<number>
  /** Values of the column that name no row of the target. */
  countOrphans(table: string, column: string, target: string): Promise<number>
  /** All of it or nothing; recorded with its moment. Called within `exclusively`. */
  migrate(actions: readonly MigrationAction[], summaries: readonly string[], at: number): Promise<void>
  health(): Promise<Health>
  close(): Promise<void>
}
