import type { Clock } from '../kit/clock.ts'
import type { Capture } from './capture/capture.ts'
import type { Column, Model } from './catalog.ts'
import type { Condition, Search } from './condition.ts'
import type { StoredRow } from './evaluate.ts'
import type { Grouping } from './figures.ts'
import type { FileMark, MigrationRecord } from './migration/record.ts'
import type { IndexState, MigrationAction, TableState } from './migration/state.ts'

export interface Order {
  readonly column: Column
  readonly down: boolean
  /** Where it does not match, the column counts as null. Only for drivers that say `ordersAsSeen`. */
  readonly open?: Condition
}

/** Which rows in which order. Nulls come first; texts order by code point. */
export interface Select {
  readonly model: Model
  readonly columns: readonly Column[]
  readonly condition: Condition
  /** None: as the database finds them. */
  readonly order: readonly Order[]
  readonly limit: number
  readonly offset: number
  /** At most this many rows, the first in the order, for each value of the column. */
  readonly each?: { readonly column: Column; readonly limit: number }
  /** Rows of a higher rank come first, as `rankOf` of `words.ts` says; the order is that of equals. */
  readonly rank?: Search | undefined
  /** In a transaction: keeps every other one from changing these rows. */
  readonly lock?: boolean
}

/** A statement that the app wrote itself, and its values in the order of their places. */
export interface RawStatement {
  readonly sql: string
  readonly parameters: readonly unknown[]
}

/** Rows by the names of their columns, as the database gives them; and how many rows a statement that writes has changed. */
export interface RawAnswer {
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly changed: number
}

/** The database in its own language: SQL of a kind, or the driver's own objects. */
export type Raw =
  | { readonly kind: 'sqlite' | 'postgres' | 'mysql'; run(statement: RawStatement): Promise<RawAnswer> }
  /** What the package `mongodb` calls `Db` and `ClientSession`; operations must be given the session when there is one. */
  | { readonly kind: 'mongodb'; readonly db: object; readonly session: object | undefined }

/**
 * Reads rows. What it gives is decoded: times are dates, a file is its facts, lists are arrays. A read outside of a
 * transaction whose signal aborts fails, however, as soon as the database has let go of it or nobody need wait for that.
 */
export interface Reader {
  row(model: Model, id: string, signal?: AbortSignal): Promise<StoredRow | undefined>
  select(query: Select, signal?: AbortSignal): Promise<StoredRow[]>
  count(model: Model, condition: Condition, signal?: AbortSignal): Promise<number>
  /** For each group the values of `by`, then the figures; the sum of whole numbers may be text. */
  groups?(grouping: Grouping, signal?: AbortSignal): Promise<unknown[][]>
  /**
   * Reads in the database's own language, for `db.asSystem(…).raw.read`: what is committed, or what the transaction sees.
   * Refuses to write where the database can (a read-only transaction, `query_only`). Gone when `work` has ended.
   */
  raw?<T>(work: (raw: Raw) => Promise<T>, signal?: AbortSignal): Promise<T>
}

/** A transaction: it reads what it has written, others read what was before, until `commit`. */
export interface Transaction extends Reader {
  /** The next may begin before `commit` or `rollback` ends: they wait for the COMMIT that this one shares with others. */
  readonly isShared?: boolean
  /** Nothing was asked of the database yet, and `appendChanges` will do all of it with others' writes: the next may begin. */
  readonly isHeld?: boolean
  /** A row that refers to one that is not there is refused with what `mayPass`, so nobody need ask first: when the write is
   * run again, this is not so, and what is wrong is found and named. */
  readonly keepsReferences?: boolean
  /** Reads a row and keeps every other transaction from changing it. */
  lock(model: Model, id: string): Promise<StoredRow | undefined>
  /**
   * Errors of writes may be thrown here, or by whatever is awaited next: a read, a savepoint's end, `appendChanges`, `commit`.
   * @throws TAPRI_DATA_NOT_UNIQUE
   */
  insert(model: Model, row: StoredRow): Promise<void>
  /** @throws TAPRI_DATA_NOT_UNIQUE */
  update(model: Model, id: string, values: Readonly<Record<string, unknown>>): Promise<void>
  delete(model: Model, ids: readonly string[]): Promise<void>
  /** Writes in the database's own language, for `db.asSystem(…).raw.write`; the caller logs which models it touched.
   * Errors are translated as those of `insert` are. */
  rawWrite?<T>(work: (raw: Raw) => Promise<T>): Promise<T>
  /** Undoes what the work wrote when it fails. */
  savepoint<T>(work: () => Promise<T>): Promise<T>
  /** Writes the entry of this transaction in the change log; answers its position. Nothing but `trimChanges` and the end of
   * the transaction comes after it, so a driver may send COMMIT along. */
  appendChanges(at: number, changes: string): Promise<number>
  /** Lets the log forget, at COMMIT or soon after, all but the newest entries and those from before the moment. */
  trimChanges(kept: number, before: number): Promise<void>
  /** Ends the statement at work, if there is one, which then fails: nobody waits for this transaction any more. */
  cancel?(): Promise<void>
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
  /** One write of the data room, which waits for nothing but its own statements: it may share its COMMIT. */
  readonly brief?: boolean
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
  /** The last entry that nothing can come in front of any more, where nobody wants to know what is in those before it. */
  newest?(): Promise<number>
  /** Waits in the database, a little longer each time, for older transactions to end. */
  pause(turn: number): Promise<void>
  /** Tells the other processes that there is something to read; absent where the database cannot. */
  notify?(): Promise<void>
  /** So often, in milliseconds, it is looked for commits of others, where nothing tells of them; seldom unless told. */
  readonly pollEvery?: number
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

/** What a driver is given beside its URL. */
export interface Surroundings {
  readonly clock: Clock
  /** Tells of what went wrong where nobody waits for an answer. */
  fail(error: unknown): void
}

/** One kind of database. It knows columns and conditions, nothing of policies, callers or validation. */
export interface Driver {
  readonly facts: DatabaseFacts
  /** Reads committed rows, whatever transaction is open. */
  readonly reader: Reader
  /** Whether `Order.open` is obeyed; without it such orders are refused. */
  readonly ordersAsSeen?: true
  /** So many transactions may be open at once; the caller of `begin` keeps to it. */
  readonly writers: number
  /** Undefined with one writer: then the order of its commits is the order of the log. */
  readonly tail: Tail | undefined
  /** How it tells what is written past the data room, where it can. */
  readonly capture?: Capture | undefined
  begin(options: BeginOptions): Promise<Transaction>
  /** Nobody else writes or migrates while the work goes on; with one writer its caller sees to that. */
  exclusively<T>(work: () => Promise<T>, options?: { readonly migrates: boolean }): Promise<T>
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
  /**
   * All of it or nothing, where the database can; recorded with its moment as the text that `writeRecord` makes. Called
   * within `exclusively` with `migrates`.
   */
  migrate(actions: readonly MigrationAction[], summaries: readonly string[], at: number, file?: FileMark): Promise<void>
  /** What `migrate` recorded, the oldest first; `readRecord` reads a record. */
  migrations(): Promise<readonly MigrationRecord[]>
  /** What an action costs here, in a few words, like `instant` or `copies the table`. */
  costOf?(action: MigrationAction): string
  /** One process at a time works so, and may write; the others wait. Goes with a process that is killed. */
  migratingAlone?<T>(work: () => Promise<T>): Promise<T>
  /** Makes an index while others write, outside of `exclusively`; for tables so large that they cannot wait. */
  addIndexLive?(table: string, index: IndexState): Promise<void>
  /** After `migrate`, outside of `exclusively`: what can be done while others write. */
  settleMigration?(): Promise<void>
  health(): Promise<Health>
  close(): Promise<void>
}
