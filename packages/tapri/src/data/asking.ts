import type { Decimal, Field, Id } from '../schema/index.ts'
import type { Many, Models, One, Row } from './rows.ts'

/** Compares one field. Two-valued: null equals null, and orders before everything else. */
export type Compare<T> =
  | T
  | { readonly in: readonly T[] }
  | { readonly notIn: readonly T[] }
  | { readonly not: T }
  | (T extends string | number | Date ? { readonly gt?: T; readonly gte?: T; readonly lt?: T; readonly lte?: T } : never)
  | (T extends Decimal
      ? never
      : T extends string
        ? { readonly contains?: string; readonly startsWith?: string; readonly endsWith?: string }
        : never)
  | (T extends readonly (infer Item)[]
      ? { readonly has: Item }
      : T extends object
        ? T extends Date
          ? never
          : CompareJson
        : never)

/** Compares the value at a path of a JSON field: names lead into objects, numbers into lists. */
export interface CompareJson {
  readonly path: readonly (string | number)[]
  /** What is not there is null. */
  readonly equals: string | number | boolean | null
}

/** Asks the rows of a relation to many; every one that is named must hold. */
export interface CompareMany<W> {
  /** At least one of them matches. */
  readonly some?: W
  /** Not one of them matches. */
  readonly none?: W
  /** There is none that does not match. */
  readonly every?: W
}

type CompareField<M extends Models, F> =
  F extends Many<infer T>
    ? T extends keyof M & string
      ? CompareMany<Where<M, T>>
      : never
    : F extends Field<infer Out, any>
      ? Compare<Out> | (F extends One<infer T> ? (T extends keyof M & string ? Where<M, T> : never) : never)
      : never

/** Which rows: every named field must compare. `or`, `and`, `not` combine. */
export type Where<M extends Models, N extends keyof M & string> = {
  readonly [K in keyof M[N]]?: CompareField<M, M[N][K]>
} & {
  readonly id?: Compare<Id<N>>
  readonly and?: readonly Where<M, N>[]
  readonly or?: readonly Where<M, N>[]
  readonly not?: Where<M, N>
}

type Order<R> = (keyof R & string) | `-${keyof R & string}`
/** Fields by name; the id always comes with them. */
export type Selection<R> = { readonly [K in keyof R]?: true }

/** Relations to load: `true`, or which of their rows and what of them. */
export type With<M extends Models, N extends keyof M & string> = {
  readonly [K in keyof M[N] as M[N][K] extends One<keyof M & string> | Many<keyof M & string> ? K : never]?:
    | true
    | WithRows<M, M[N][K]>
}
type WithRows<M extends Models, F> =
  F extends One<infer T>
    ? T extends keyof M & string
      ? WithRow<M, T>
      : never
    : F extends Many<infer T>
      ? T extends keyof M & string
        ? WithRow<M, T> & {
            readonly where?: Where<M, T>
            readonly orderBy?: Order<Row<M, T>> | readonly Order<Row<M, T>>[]
            /** At most this many for each row that they belong to. */
            readonly limit?: number
          }
        : never
      : never
interface WithRow<M extends Models, T extends keyof M & string> {
  readonly with?: With<M, T>
  readonly select?: Selection<Row<M, T>>
}

/** A row with the fields that `select` named, and the relations that `with` named in place of their ids. */
export type Loaded<R, M extends Models, N extends keyof M & string, W, S = {}> = {} extends W
  ? Selected<R, S>
  : Omit<Selected<R, S>, keyof W> & { readonly [K in keyof W & keyof M[N]]: Related<M, M[N][K], W[K]> }
type Selected<R, S> = {} extends S ? R : Pick<R, Extract<keyof S | 'id', keyof R>>
type Related<M extends Models, F, Q> =
  F extends One<infer T>
    ? T extends keyof M & string
      ? RelatedRow<M, T, Q> | (F extends Field<infer Out, any> ? Extract<Out, null> : never)
      : never
    : F extends Many<infer T>
      ? T extends keyof M & string
        ? RelatedRow<M, T, Q>[]
        : never
      : never
type RelatedRow<M extends Models, T extends keyof M & string, Q> = Q extends true
  ? Row<M, T>
  : Loaded<Row<M, T>, M, T, Q extends { readonly with: infer W } ? W : {}, Q extends { readonly select: infer S } ? S : {}>

export interface Find<R, M extends Models, N extends keyof M & string, W, S = {}> {
  readonly where?: Where<M, N>
  /** Rows with these words, or words that begin so, in the fields that the model's `search` names. */
  readonly search?: string
  /** Rows too that are marked as deleted; `db.asSystem` alone may see them. */
  readonly withDeleted?: true
  /** Relations to load, each in one more query whatever the number of rows (two for `manyToMany`). */
  readonly with?: W
  /** Only these fields, and the id. */
  readonly select?: S
  /** Field names; `-` in front turns the order round. The id decides among equals. Without it a search puts the rows first
   * that fit best. */
  readonly orderBy?: Order<R> | readonly Order<R>[]
  /** At most this many rows: 1,000 unless told, 10,000 at most. */
  readonly limit?: number
}
