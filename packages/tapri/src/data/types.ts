import type { Decimal, Field, Id, ManyToMany, Writes } from '../schema/index.ts'
import type { Find, Loaded, Selection, Where, With } from './asking.ts'
import type { Group, GroupBy, NumberField, OrderedField, SumOf } from './grouped.ts'
import type { RawDatabase } from './raw.ts'
import type { Columns, FullRow, Models, Row } from './rows.ts'

export type { Columns, FullRow, Models }

/** One page, and the cursor of the next. */
export interface Page<T> {
  readonly rows: T[]
  /** Give it as `after` to get the next page; null on the last one. */
  readonly next: string | null
}

/** Adds to a number in the database, so that no addition is lost to another. */
export interface Add<N = number> {
  readonly '~add': N
}
export type Changes<S> = {
  [K in keyof S]?: S[K] extends Field<infer Out, infer In>
    ?
        | In
        | undefined
        | (Out extends number ? ([In] extends [undefined] ? never : Add) : Out extends Decimal ? Add<string | bigint> : never)
    : never
}

/** Which rows of a `manyToMany` belong here: some more, some less, or exactly these. */
export interface LinkChanges<Target extends string> {
  readonly add?: readonly Id<Target>[]
  readonly remove?: readonly Id<Target>[]
  readonly set?: readonly Id<Target>[]
}
/** Models that are not known by name have none. */
export type Links<S> = string extends keyof S
  ? unknown
  : { [K in keyof S as S[K] extends ManyToMany<string> ? K : never]?: S[K] extends ManyToMany<infer T> ? LinkChanges<T> : never }

/** The rows of one model, as one caller may read and write them. `R` is what a read gives. */
export interface Table<R, M extends Models, N extends keyof M & string> {
  find<const W extends With<M, N> = {}, const S extends Selection<R> = {}>(
    query?: Find<R, M, N, W, S> & { readonly page?: number },
  ): Promise<Loaded<R, M, N, W, S>[]>
  /** A keyset page: stable while rows come and go.
   * @throws TAPRI_DATA_CURSOR when `after` is not a cursor of this order */
  page<const W extends With<M, N> = {}, const S extends Selection<R> = {}>(
    query?: Find<R, M, N, W, S> & { readonly after?: string | undefined },
  ): Promise<Page<Loaded<R, M, N, W, S>>>
  first<const W extends With<M, N> = {}, const S extends Selection<R> = {}>(
    query?: Find<R, M, N, W, S>,
  ): Promise<Loaded<R, M, N, W, S> | null>
  /** @throws TAPRI_NOT_FOUND when there is no such row for this caller */
  get<const W extends With<M, N> = {}, const S extends Selection<R> = {}>(
    id: Id<N>,
    query?: { readonly with?: W; readonly select?: S; readonly withDeleted?: true },
  ): Promise<Loaded<R, M, N, W, S>>
  count(query?: { readonly where?: Where<M, N>; readonly search?: string; readonly withDeleted?: true }): Promise<number>
  groupBy<const Q extends GroupBy<R, M, N>>(query: Q): Promise<Group<R, Q>[]>
  /** Nulls add nothing; the sum of nothing is 0. */
  sum<const K extends NumberField<R>>(field: K, query?: { readonly where?: Where<M, N> }): Promise<SumOf<R[K]>>
  /** Nulls do not count; null when there is no value. */
  avg(field: NumberField<R>, query?: { readonly where?: Where<M, N> }): Promise<number | null>
  min<const K extends OrderedField<R>>(field: K, query?: { readonly where?: Where<M, N> }): Promise<R[K] | null>
  max<const K extends OrderedField<R>>(field: K, query?: { readonly where?: Where<M, N> }): Promise<R[K] | null>
  /** @throws TAPRI_INVALID, TAPRI_DENIED, TAPRI_DATA_NOT_UNIQUE, TAPRI_DATA_NO_SUCH_ROW */
  create(values: Writes<Columns<M[N]>> & Links<M[N]>): Promise<R>
  /** @throws TAPRI_DATA_STALE when the row's version is not the one given */
  update(id: Id<N>, changes: Changes<Columns<M[N]>> & Links<M[N]>, options?: { readonly version?: number }): Promise<R>
  /** `forever` deletes whole what a `softDelete()` would only mark; `db.asSystem` alone may say it. */
  delete(id: Id<N>, options?: { readonly forever?: true }): Promise<void>
  /** Brings back a row that is marked as deleted; who may delete it may. */
  restore(id: Id<N>): Promise<R>
  /** All of them or none; 10,000 at most. */
  createMany(values: readonly (Writes<Columns<M[N]>> & Links<M[N]>)[]): Promise<R[]>
  /** Changes the rows that match and that the caller may change, 10,000 at most; answers how many. */
  updateWhere(where: Where<M, N>, changes: Changes<Columns<M[N]>> & Links<M[N]>): Promise<number>
  /** Deletes the rows that match and that the caller may delete, 10,000 at most; answers how many. */
  deleteWhere(where: Where<M, N>, options?: { readonly forever?: true }): Promise<number>
  /** Creates the row, or changes the one with the same values in `on`, the fields of a unique key: to `update`,
   * or to the other values. */
  upsert(
    values: Writes<Columns<M[N]>> & Links<M[N]>,
    options: {
      readonly on: readonly (keyof Columns<M[N]> & string)[]
      readonly update?: Changes<Columns<M[N]>> & Links<M[N]>
    },
  ): Promise<R>
}

export type Tables<M extends Models> = { readonly [N in keyof M & string]: Table<Row<M, N>, M, N> }
/** How a transaction runs beside others. */
export interface TransactionOptions {
  /**
   * `serializable`, unless told: as if nobody else wrote meanwhile. `read committed`: each read sees what is committed by
   * then, a row that was changed stays as it is, and a read followed by a write may undo somebody else's: use `add()`.
   */
  readonly isolation?: 'serializable' | 'read committed'
  /** How often the function is run again at most when others were in its way: 0 to 10, 4 unless told. The last time
   * nobody else writes. */
  readonly retries?: number
  /** Ends the transaction and undoes it, or leaves the line before it. */
  readonly signal?: AbortSignal
}
/** Every row and every field, whatever the policies say; for work that is nobody's in particular. */
export type SystemDb<M extends Models> = { readonly [N in keyof M & string]: Table<FullRow<M, N>, M, N> } & {
  transaction<T>(run: (db: SystemDb<M>) => Promise<T>, options?: TransactionOptions): Promise<T>
  /** SQL or MongoDB as they are, past everything that this room keeps. */
  readonly raw: RawDatabase<M>
  /** As in `Db`. */
  afterCommit(run: () => unknown): void
}
/** The database as one caller may use it. */
export type Db<M extends Models> = Tables<M> & {
  /** All or nothing; `run` must use the `db` it is given, and may be run again when others were in its way.
   * @throws TAPRI_DATA_CONFLICT, TAPRI_DATA_TIMEOUT, TAPRI_DATA_ABORTED, TAPRI_DATA_BUSY
   * @example await db.transaction((db) => db.videos.update(id, { views: add(1) }), { isolation: 'read committed' }) */
  transaction<T>(run: (db: Db<M>) => Promise<T>, options?: TransactionOptions): Promise<T>
  /** Runs once the transaction around it is committed, and never when it is not; at once when there is none.
   * The transaction answers afterwards; what goes wrong is logged, for the commit stands. */
  afterCommit(run: () => unknown): void
  /** Every row and every field, for work that is not the caller's own. The reason says why in a few words; uses are
   * counted by it.
   * @throws TAPRI_DATA_REASON when there is none
   * @example await db.asSystem('count a view').videos.update(id, { views: add(1) }) */
  asSystem(reason: string): SystemDb<M>
}

/** Rows that a policy opens: all (`true`), none (`false`), or those that match. */
export interface Rows<N extends string> {
  readonly '~rows': N
}
export interface PolicyContext<M extends Models, N extends keyof M & string> {
  readonly user: ('users' extends keyof M & string ? FullRow<M, 'users'> : never) | null
  /** To the second. What is followed live by a rule that looks at it is looked at again every minute. */
  readonly now: Date
  /** The rows that match at least one of these. */
  rows(...any: readonly [Where<M, N>, ...Where<M, N>[]]): Rows<N>
}
export type Rule<M extends Models, N extends keyof M & string> = (context: PolicyContext<M, N>) => boolean | Rows<N>
/** In which of the rows that a caller may read it reads this field, and in which that it may write it may write it. */
export interface FieldRules<M extends Models, N extends keyof M & string> {
  /** For `guarded` fields, which nobody reads without it. */
  readonly read?: Rule<M, N>
  /** Besides the row's own rules; without it these alone decide. */
  readonly write?: Rule<M, N>
}
export type PolicyRules<M extends Models, N extends keyof M & string> = {
  readonly [Action in 'read' | 'create' | 'update' | 'delete']?: Rule<M, N>
} & { readonly fields?: { readonly [K in keyof Columns<M[N]>]?: FieldRules<M, N> } }

type AnyRule = (context: never) => boolean | Rows<string>
export interface Policy {
  readonly model: string
  readonly rules: Readonly<Partial<Record<'read' | 'create' | 'update' | 'delete', AnyRule>>> & {
    readonly fields?: Readonly<Record<string, { readonly read?: AnyRule; readonly write?: AnyRule } | undefined>>
  }
}
