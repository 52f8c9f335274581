import type { Model } from './catalog.ts'
import type { Condition, OrderSign, Primitive, TextSign } from './condition.ts'
import { dataError } from './errors.ts'
import { rankOf, storedWords } from './words.ts'

export type StoredRow = { readonly id: string } & Readonly<Record<string, unknown>>

type AskingOthers = Condition & { readonly kind: 'related' | 'some' }
type Others = (condition: AskingOthers, row: StoredRow) => boolean

/**
 * Whether a row matches. This function is what conditions mean: every driver must agree with it.
 * @throws TAPRI_DATA_QUERY when other rows have a say: one row cannot tell
 */
export function matches(condition: Condition, row: StoredRow): boolean {
  return evaluate(condition, row, refuseOthers)
}

/** Whether a row may match: where other rows have a say, it may. Never wrong when it says no. */
export function mayMatch(condition: Condition, row: StoredRow): boolean {
  return evaluate(condition, row, supposeOthers)
}

/** Whether a row matches among all the rows there are, which `rowsOf` gives. */
export function matchesAmong(condition: Condition, row: StoredRow, rowsOf: (model: Model) => readonly StoredRow[]): boolean {
  const others: Others = (asking, asker) => {
    const isMatch = (other: StoredRow) => isNamed(asking, asker, other) && evaluate(asking.of, other, others)
    return rowsOf(asking.target).some(isMatch) !== asking.negated
  }
  return evaluate(condition, row, others)
}

function isNamed(asking: AskingOthers, asker: StoredRow, other: StoredRow): boolean {
  return asking.kind === 'related' ? other.id === asker[asking.column.name] : other[asking.by.name] === asker.id
}

function evaluate(condition: Condition, row: StoredRow, others: Others): boolean {
  switch (condition.kind) {
    case 'always':
      return true
    case 'never':
      return false
    case 'all':
      for (const part of condition.of) if (!evaluate(part, row, others)) return false
      return true
    case 'any':
      for (const part of condition.of) if (evaluate(part, row, others)) return true
      return false
    case 'equal':
      return (comparable(row[condition.column.name]) === condition.value) !== condition.negated
    case 'in': {
      const value = comparable(row[condition.column.name])
      return (value !== undefined && condition.values.has(value)) !== condition.negated
    }
    case 'order':
      return isOrdered(comparable(row[condition.column.name]), condition.sign, condition.value)
    case 'text':
      return hasText(row[condition.column.name], condition.sign, condition.value) !== condition.negated
    case 'has':
      return hasItem(row[condition.column.name], condition.value) !== condition.negated
    case 'json':
      return (valueAt(row[condition.column.name], condition.path) === condition.value) !== condition.negated
    case 'search':
      return hasWords(condition, row) !== condition.negated
    case 'rank':
      return isOrdered(rankOf(condition.of, row), condition.sign, condition.value)
    case 'related':
    case 'some':
      return others(condition, row)
  }
}

/** Orders two values of one column: null first, texts by code point. */
export function compareValues(one: Primitive, other: Primitive): number {
  if (one === other) return 0
  if (one === null) return -1
  if (other === null) return 1
  if (typeof one === 'string' && typeof other === 'string') return compareText(one, other)
  return one < other ? -1 : 1
}

/** A stored value as conditions compare it; undefined for what has no order or equality, like JSON. */
export function comparable(value: unknown): Primitive | undefined {
  if (value instanceof Date) return value.getTime()
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  return undefined
}

function isOrdered(value: Primitive | undefined, sign: OrderSign, than: string | number): boolean {
  if (value === null || value === undefined) return false
  // truth orders as 0 and 1
  const order = compareValues(typeof value === 'boolean' ? Number(value) : value, than)
  if (sign === 'gt') return order > 0
  if (sign === 'gte') return order >= 0
  return sign === 'lt' ? order < 0 : order <= 0
}

function hasText(value: unknown, sign: TextSign, part: string): boolean {
  if (typeof value !== 'string') return false
  if (sign === 'contains') return value.includes(part)
  return sign === 'startsWith' ? value.startsWith(part) : value.endsWith(part)
}

/** Names lead into objects, numbers into lists; what is not there is null. */
function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  let at = value
  for (const step of path) {
    const isInside = typeof at === 'object' && at !== null && Array.isArray(at) === (typeof step === 'number')
    at = isInside ? Object.getOwnPropertyDescriptor(at, step)?.value : undefined
  }
  return at ?? null
}

function hasWords({ fields, words }: Condition & { readonly kind: 'search' }, row: StoredRow): boolean {
  const stored = fields.map(({ field }) => storedWords(row[field.name]))
  return words.every((word) => stored.some((text) => text.includes(` ${word}`)))
}

function hasItem(value: unknown, item: Primitive): boolean {
  return Array.isArray(value) && value.some((other) => comparable(other) === item)
}

// `<` compares UTF-16 units, in which an emoji (a pair of surrogates) sorts before U+E000; code points do not
function compareText(one: string, other: string): number {
  const length = Math.min(one.length, other.length)
  for (let index = 0; index < length; index++) {
    const difference = one.charCodeAt(index) - other.charCodeAt(index)
    if (difference !== 0) return rank(one.charCodeAt(index)) - rank(other.charCodeAt(index))
  }
  return one.length - other.length
}

function rank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000
}

function refuseOthers(): never {
  throw dataError('TAPRI_DATA_QUERY', 'Cannot tell from one row whether it matches: the condition asks other rows')
}

function supposeOthers(): true {
  return true
}
