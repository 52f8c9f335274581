import type { Field, Id, ManyToMany, Writes } from '../schema/index.ts'
import type { Find, Loaded, Selection, Where, With } from './asking.ts'
import type { Group, GroupBy, NumberField, OrderedField } from './grouped.ts'
import type { Columns, FullRow, Models, Row } from './rows.ts'

export type { Columns, FullRow, Models }

/** One page, and the cursor of the next. */
export interface Page<T> {
  readonly rows: T[]
  /** Give it as `after` to get the next page; null on the last one. */
  readonly next: string | null
}

/** Adds to a number in the database, so that no addition is lost to another. */
export interface Add {
  readonly '~add': number
}
export type Changes<S> = {
  [K in keyof S]?: S[K] extends Field<infer Out, infer In>
    ? In | (Out extends number ? ([In] extends [undefined] ? never : Add) : never)
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
    query?: Find<R, M, N, W, S> & { readonly after?: string },
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
  sum(field: NumberField<R>, query?: { readonly where?: Where<M, N> }): Promise<number>
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
/** Every row and every field, whatever the policies say; for work that is nobody's in particular. */
export type SystemDb<M extends Models> = { readonly [N in keyof M & string]: Table<FullRow<M, N>, M, N> } & {
  transaction<T>(run: (db: SystemDb<M>) => Promise<T>): Promise<T>
  /** As in `Db`. */
  afterCommit(run: () => unknown): void
}
/** The database as one caller may use it. */
export type Db<M extends Models> = Tables<M> & {
  /** All or nothing; `run` must use the `db` it is given. */
  transaction<T>(run: (db: Db<M>) => Promise<T>): Promise<T>
  /** Runs once the transaction around it is committed, and never when it is not; at once when there is none.
   * The transaction answers afterwards; what goes wrong is logged, for the commit stands. */
  afterCommit(run: () => unknown): void
  readonly asSystem: SystemDb<M>
}

/** Rows that a policy opens: all (`true`), none (`false`), or those that match. */
export interface Rows<N extends string> {
  readonly '~rows': N
}
export interface PolicyContext<M extends Models, N extends keyof M & string> {
  readonly user: ('users' extends keyof M & string ? FullRow<M, 'users'> : never) | null
  /** The rows that match at least one of these. */
  rows(...any: readonly [Where<M, N>, ...Where<M, N>[]]): Rows<N>
}
export type Rule<M extends Models, N extends keyof M & string> = (context: PolicyContext<M, N>) => boolean | Rows<N>
export interface Policy {
  readonly model: string
  readonly rules: Readonly<Partial<Record<'read' | 'create' | 'update' | 'delete', (context: never) => boolean | Rows<string>>>>
}
