import type { Decimal } from '../schema/index.ts'
import type { Where } from './asking.ts'
import type { Models } from './rows.ts'

/** What figures add up to: numbers, or decimals as text. Texts that happen to be digits are no decimals. */
type SumOf<T> =
  NonNullable<T> extends number ? number : [NonNullable<T>, Decimal] extends [Decimal, NonNullable<T>] ? Decimal : never
type NumberField<R> = { [K in keyof R]: [SumOf<R[K]>] extends [never] ? never : K }[keyof R] & string
type OrderedField<R> = { [K in keyof R]: NonNullable<R[K]> extends string | number | Date ? K : never }[keyof R] & string

/** Fields whose values can be added up, and fields whose values have an order. */
export type { NumberField, OrderedField, SumOf }

type CompareFigure<T> =
  | T
  | { readonly not: T }
  | { readonly gt?: NonNullable<T>; readonly gte?: NonNullable<T>; readonly lt?: NonNullable<T>; readonly lte?: NonNullable<T> }

type Named<R> = (keyof R & string) | 'count' | `${'sum' | 'avg'}.${NumberField<R>}` | `${'min' | 'max'}.${OrderedField<R>}`

/** Rows put together by equal values, and figures of each group. */
export interface GroupBy<R, M extends Models, N extends keyof M & string> {
  /** None makes one group of all rows. */
  readonly by: readonly (keyof R & string)[]
  readonly where?: Where<M, N>
  /** How many rows. */
  readonly count?: true
  readonly sum?: readonly NumberField<R>[]
  readonly avg?: readonly NumberField<R>[]
  readonly min?: readonly OrderedField<R>[]
  readonly max?: readonly OrderedField<R>[]
  /** Which groups, by their figures. */
  readonly having?: {
    readonly count?: CompareFigure<number>
    readonly sum?: { readonly [K in NumberField<R>]?: CompareFigure<SumOf<R[K]>> }
    readonly avg?: { readonly [K in NumberField<R>]?: CompareFigure<number | null> }
    readonly min?: { readonly [K in OrderedField<R>]?: CompareFigure<R[K] | null> }
    readonly max?: { readonly [K in OrderedField<R>]?: CompareFigure<R[K] | null> }
  }
  /** Fields of `by`, or figures like `count`, `-sum.views`; the fields of `by` decide among equals. */
  readonly orderBy?: Named<R> | `-${Named<R>}` | readonly (Named<R> | `-${Named<R>}`)[]
  /** At most this many groups: 1,000 unless told, 10,000 at most. */
  readonly limit?: number
}

type Figures<Q, Kind extends string, T> = Q extends { readonly [K in Kind]: readonly (infer F extends string)[] }
  ? { readonly [K in Kind]: { readonly [Name in F]: T } }
  : {}
type Sums<R, Q> = Q extends { readonly sum: readonly (infer F extends keyof R)[] }
  ? { readonly sum: { readonly [Name in F]: SumOf<R[Name]> } }
  : {}
type Extremes<R, Q, Kind extends string> = Q extends { readonly [K in Kind]: readonly (infer F extends keyof R)[] }
  ? { readonly [K in Kind]: { readonly [Name in F]: R[Name] | null } }
  : {}

/** One group: the values it has in common and its figures. */
export type Group<R, Q extends { readonly by: readonly (keyof R)[] }> = Pick<R, Q['by'][number]> &
  (Q extends { readonly count: true } ? { readonly count: number } : {}) &
  Sums<R, Q> &
  Figures<Q, 'avg', number | null> &
  Extremes<R, Q, 'min'> &
  Extremes<R, Q, 'max'>
