import type { Field, Guarded, HasMany, Id, ManyToMany, Private, Reads } from '../schema/index.ts'

/** A model: its fields and relations by name. */
export type Shape = Readonly<Record<string, Field<any, any> | HasMany<string, string> | ManyToMany<string>>>
export type Models = Readonly<Record<string, Shape>>

/** The fields that have a column: all but relations to many rows. */
export type Columns<S> = { [K in keyof S as S[K] extends Field<any, any> ? K : never]: S[K] }
type Open<S> = { [K in keyof S as S[K] extends Private ? never : S[K] extends Field<any, any> ? K : never]: S[K] }

/** A row as callers read it: without private fields. */
export type Row<M extends Models, N extends keyof M & string> = { readonly id: Id<N> } & Reads<Open<M[N]>>
/** A row with its private fields: what `db.asSystem` reads, and what `user` is. */
export type FullRow<M extends Models, N extends keyof M & string> = { readonly id: Id<N> } & FullReads<Columns<M[N]>>
type FullReads<F> = {
  [K in keyof F]: F[K] extends Field<infer Out, infer In>
    ? F[K] extends Guarded<infer Full>
      ? Full | Extract<In, null>
      : Out
    : never
}

/** A relation to one row: `belongsTo`, optional or not. */
export interface One<Target extends string> {
  readonly '~target': Target
}
/** A relation to many rows: `hasMany` or `manyToMany`. */
export interface Many<Target extends string> {
  readonly '~many': Target
}
