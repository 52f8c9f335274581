import type { Column, Model } from './catalog.ts'
import type { Searched } from './words.ts'

/** What columns are compared with: times are milliseconds, so that everything is a plain value. */
export type Primitive = string | number | boolean | null
export type OrderSign = 'gt' | 'gte' | 'lt' | 'lte'
export type TextSign = 'contains' | 'startsWith' | 'endsWith'

/**
 * Which rows: what a `where` and the policies are compiled to, and what every driver and the evaluator read.
 * There is no `not`: `negate` moves it into the leaves, so that no driver ever negates an SQL null.
 */
export type Condition =
  | { readonly kind: 'always' | 'never' }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Condition[] }
  | { readonly kind: 'equal'; readonly column: Column; readonly value: Primitive; readonly negated: boolean }
  /** The values are never null. */
  | { readonly kind: 'in'; readonly column: Column; readonly values: ReadonlySet<Primitive>; readonly negated: boolean }
  /** False for a null in the row; the value is never null. */
  | { readonly kind: 'order'; readonly column: Column; readonly sign: OrderSign; readonly value: string | number }
  | { readonly kind: 'text'; readonly column: Column; readonly sign: TextSign; readonly value: string; readonly negated: boolean }
  | { readonly kind: 'has'; readonly column: Column; readonly value: Primitive; readonly negated: boolean }
  /** The value at a path of a JSON column; what is absent is null. */
  | {
      readonly kind: 'json'
      readonly column: Column
      readonly path: readonly (string | number)[]
      readonly value: Primitive
      readonly negated: boolean
    }
  /** Every word begins a word of one of the fields; the rule of `words.ts`. */
  | {
      readonly kind: 'search'
      readonly model: Model
      readonly fields: readonly Searched[]
      readonly words: readonly string[]
      readonly negated: boolean
    }
  /** The rank of the row, as `rankOf` of `words.ts` says. */
  | { readonly kind: 'rank'; readonly of: Search; readonly sign: OrderSign; readonly value: number }
  /** The column names a row of `target` that matches. */
  | {
      readonly kind: 'related'
      readonly column: Column
      readonly target: Model
      readonly of: Condition
      readonly negated: boolean
    }
  /** A row of `target` that matches names this row in its column `by`. */
  | {
      readonly kind: 'some'
      readonly by: Column
      readonly target: Model
      readonly of: Condition
      readonly negated: boolean
    }

export type Search = Condition & { readonly kind: 'search' }

export const always: Condition = { kind: 'always' }
export const never: Condition = { kind: 'never' }

export function all(conditions: readonly Condition[]): Condition {
  return join('all', conditions, never, always)
}

export function any(conditions: readonly Condition[]): Condition {
  return join('any', conditions, always, never)
}

export function equal(column: Column, value: Primitive, negated = false): Condition {
  if (value === null && !column.nullable) return negated ? always : never
  return { kind: 'equal', column, value, negated }
}

/** The rows that are not marked as deleted. */
export function notDeleted({ deletedAt }: Model): Condition {
  return deletedAt === undefined ? always : equal(deletedAt, null)
}

/** Null among the values is one more equality: null equals null. */
export function within(column: Column, values: Iterable<Primitive>): Condition {
  const set = new Set(values)
  const withNull = set.delete(null)
  const plain: Condition = set.size === 0 ? never : { kind: 'in', column, values: set, negated: false }
  return withNull ? any([plain, equal(column, null)]) : plain
}

const opposites = { gt: 'lte', gte: 'lt', lt: 'gte', lte: 'gt' } as const

/** The rows that do not match. Two-valued: each row matches either the condition or its negation. */
export function negate(condition: Condition): Condition {
  switch (condition.kind) {
    case 'always':
      return never
    case 'never':
      return always
    case 'all':
      return any(condition.of.map(negate))
    case 'any':
      return all(condition.of.map(negate))
    case 'rank':
      return { ...condition, sign: opposites[condition.sign] }
    case 'order':
      return any([{ ...condition, sign: opposites[condition.sign] }, equal(condition.column, null)])
    default:
      return { ...condition, negated: !condition.negated }
  }
}

/** Whether other rows than the row itself have a say. */
export function asksOthers(condition: Condition): boolean {
  if (condition.kind === 'related' || condition.kind === 'some') return true
  return (condition.kind === 'all' || condition.kind === 'any') && condition.of.some(asksOthers)
}

/** The names of the columns of the row itself that have a say. */
export function columnsOf(condition: Condition): readonly string[] {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return condition.of.flatMap(columnsOf)
    case 'search':
      return condition.fields.map(({ field }) => field.name)
    case 'rank':
      return columnsOf(condition.of)
    case 'always':
    case 'never':
    case 'some':
      return []
    default:
      return [condition.column.name]
  }
}

function join(kind: 'all' | 'any', conditions: readonly Condition[], decisive: Condition, neutral: Condition): Condition {
  const parts: Condition[] = []
  for (const condition of conditions) {
    if (condition.kind === decisive.kind) return decisive
    if (condition.kind === neutral.kind) continue
    if (condition.kind === kind) parts.push(...condition.of)
    else parts.push(condition)
  }
  const [first] = parts
  if (first === undefined) return neutral
  // a list that was pushed to has room for more, and live queries keep many of them
  return parts.length === 1 ? first : { kind, of: [...parts] }
}
