import type { Field, HasMany, Id, Private, Reads, Writes } from '../schema/index.ts'

/** A model: its fields and relations by name. */
export type Shape = Readonly<Record<string, Field<any, any> | HasMany<string, string>>>
export type Models = Readonly<Record<string, Shape>>

/** The fields that have a column: all but `hasMany`. */
export type Columns<S> = { [K in keyof S as S[K] extends Field<any, any> ? K : never]: S[K] }
type Open<S> = { [K in keyof S as S[K] extends Private ? never : S[K] extends Field<any, any> ? K : never]: S[K] }

/** A row as callers read it: without private fields. */
export type Row<M extends Models, N extends keyof M & string> = { readonly id: Id<N> } & Reads<Open<M[N]>>
/** A row with its private fields: what `db.asSystem` reads, and what `user` is. */
export type FullRow<M extends Models, N extends keyof M & string> = { readonly id: Id<N> } & Reads<Columns<M[N]>>

/** A `belongsTo`, optional or not. */
interface One<Target extends string> {
  readonly '~target': Target
}

type Relations<S> = { [K in keyof S as S[K] extends One<string> | HasMany<string, string> ? K : never]?: true }
type Related<M extends Models, F> =
  F extends One<infer T>
    ? T extends keyof M & string
      ? Row<M, T> | (F extends Field<infer Out, any> ? Extract<Out, null> : never)
      : never
    : F extends HasMany<infer T, string>
      ? T extends keyof M & string
        ? Row<M, T>[]
        : never
      : never
/** A row with the relations that `with` named in place of their ids. */
export type Loaded<R, M extends Models, N extends keyof M & string, W> = {} extends W
  ? R
  : Omit<R, keyof W> & { readonly [K in keyof W & keyof M[N]]: Related<M, M[N][K]> }

/** Compares one field. Two-valued: null equals null, and orders before everything else. */
export type Compare<T> =
  | T
  | { readonly in: readonly T[] }
  | { readonly notIn: readonly T[] }
  | { readonly not: T }
  | (T extends string | number | Date ? { readonly gt?: T; readonly gte?: T; readonly lt?: T; readonly lte?: T } : never)
  | (T extends string ? { readonly contains?: string; readonly startsWith?: string; readonly endsWith?: string } : never)
  | (T extends readonly (infer Item)[] ? { readonly has: Item } : never)

type CompareRelated<M extends Models, F> = F extends One<infer T> ? (T extends keyof M & string ? Where<M, T> : never) : never

/** Which rows: every named field must compare. `or`, `and`, `not` combine. */
export type Where<M extends Models, N extends keyof M & string> = {
  readonly [K in keyof Columns<M[N]>]?: Columns<M[N]>[K] extends Field<infer Out, any>
    ? Compare<Out> | CompareRelated<M, Columns<M[N]>[K]>
    : never
} & {
  readonly id?: Compare<Id<N>>
  readonly and?: readonly Where<M, N>[]
  readonly or?: readonly Where<M, N>[]
  readonly not?: Where<M, N>
}

type Order<R> = (keyof R & string) | `-${keyof R & string}`

export interface Find<R, M extends Models, N extends keyof M & string, W> {
  readonly where?: Where<M, N>
  /** Relations to load, each in one more query whatever the number of rows. */
  readonly with?: W
  /** Field names; `-` in front turns the order round. The id decides among equals. */
  readonly orderBy?: Order<R> | readonly Order<R>[]
  /** At most this many rows: 1,000 unless told, 10,000 at most. */
  readonly limit?: number
}

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
  [K in keyof S]?: S[K] extends Field<infer Out, infer In> ? In | (Out extends number ? Add : never) : never
}

/** The rows of one model, as one caller may read and write them. `R` is what a read gives. */
export interface Table<R, M extends Models, N extends keyof M & string> {
  find<const W extends Relations<M[N]> = {}>(query?: Find<R, M, N, W> & { readonly page?: number }): Promise<Loaded<R, M, N, W>[]>
  /** A keyset page: stable while rows come and go.
   * @throws TAPRI_DATA_CURSOR when `after` is not a cursor of this order */
  page<const W extends Relations<M[N]> = {}>(
    query?: Find<R, M, N, W> & { readonly after?: string },
  ): Promise<Page<Loaded<R, M, N, W>>>
  first<const W extends Relations<M[N]> = {}>(query?: Find<R, M, N, W>): Promise<Loaded<R, M, N, W> | null>
  /** @throws TAPRI_NOT_FOUND when there is no such row for this caller */
  get<const W extends Relations<M[N]> = {}>(id: Id<N>, query?: { readonly with?: W }): Promise<Loaded<R, M, N, W>>
  count(query?: { readonly where?: Where<M, N> }): Promise<number>
  /** @throws TAPRI_INVALID, TAPRI_DENIED, TAPRI_DATA_NOT_UNIQUE, TAPRI_DATA_NO_SUCH_ROW */
  create(values: Writes<Columns<M[N]>>): Promise<R>
  update(id: Id<N>, changes: Changes<Columns<M[N]>>): Promise<R>
  delete(id: Id<N>): Promise<void>
}

export type Tables<M extends Models> = { readonly [N in keyof M & string]: Table<Row<M, N>, M, N> }
/** Every row and every field, whatever the policies say; for work that is nobody's in particular. */
export type SystemDb<M extends Models> = { readonly [N in keyof M & string]: Table<FullRow<M, N>, M, N> } & {
  transaction<T>(run: (db: SystemDb<M>) => Promise<T>): Promise<T>
}
/** The database as one caller may use it. */
export type Db<M extends Models> = Tables<M> & {
  /** All or nothing; `run` must use the `db` it is given. */
  transaction<T>(run: (db: Db<M>) => Promise<T>): Promise<T>
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
