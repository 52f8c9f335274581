import { decimalOf, partsOf } from '../kit/decimal.ts'
import type { FieldFacts } from '../schema/index.ts'
import type { Column, Model } from './catalog.ts'
import { all, any, type Condition, equal, negate, type OrderSign, type Primitive, type TextSign, within } from './condition.ts'
import { dataError } from './errors.ts'

/** Compares one column with what a `where` says of it.
 * @throws TAPRI_DATA_QUERY */
export function compileCompare(model: Model, column: Column, value: unknown): Condition {
  if (!isRecord(value)) return equal(column, comparedValue(model, column, value))
  if (column.facts.kind === 'json') return compilePath(model, column, value)
  const parts = Object.keys(value).map((operator) => compileOperator(model, column, operator, value[operator]))
  if (parts.length === 0) throw wrong(model, `the comparison of "${column.name}" is empty`)
  return all(parts)
}

const orderSigns: ReadonlySet<string> = new Set(['gt', 'gte', 'lt', 'lte'])
const textSigns: ReadonlySet<string> = new Set(['contains', 'startsWith', 'endsWith'])

function compileOperator(model: Model, column: Column, operator: string, value: unknown): Condition {
  if (operator === 'not') return equal(column, comparedValue(model, column, value), true)
  if (operator === 'in' || operator === 'notIn') {
    if (!Array.isArray(value)) throw wrong(model, `"${operator}" of "${column.name}" must be a list, not ${nameOf(value)}`)
    const condition = within(
      column,
      value.map((each) => comparedValue(model, column, each)),
    )
    return operator === 'in' ? condition : negate(condition)
  }
  if (orderSigns.has(operator)) return compileOrder(model, column, operator, value)
  if (textSigns.has(operator) && column.comparison === 'text') return compileText(model, column, operator, value)
  if (operator === 'has' && column.facts.kind === 'list') return compileHas(model, column, value)
  throw wrong(model, `"${column.name}" has no comparison "${operator}"`)
}

const longestPath = 10
// what a path of SQLite's or PostgreSQL's can name without an escape that they read differently
const nameForm = /^[^"\\\p{C}]{1,100}$/u

function compilePath(model: Model, column: Column, { path, equals, ...rest }: Readonly<Record<string, unknown>>): Condition {
  const isPath = Array.isArray(path) && path.length > 0 && path.length <= longestPath && path.every(isStep)
  if (!isPath || Object.keys(rest).length > 0) {
    throw wrong(model, `"${column.name}" is JSON: compare { path: [names and places], equals: value }, or with null`)
  }
  if (equals !== null && !['string', 'number', 'boolean'].includes(typeof equals)) {
    throw wrong(model, `"equals" of "${column.name}" must be a text, a number, true, false or null, not ${nameOf(equals)}`)
  }
  const comparison = typeof equals === 'string' ? 'text' : typeof equals === 'boolean' ? 'boolean' : 'number'
  const value = comparedValue(model, { name: column.name, comparison, nullable: true }, equals)
  return { kind: 'json', column, path, value, negated: false }
}

function isStep(step: unknown): boolean {
  if (typeof step === 'number') return Number.isSafeInteger(step) && step >= 0 && step < 2 ** 31
  return typeof step === 'string' && nameForm.test(step)
}

function compileOrder(model: Model, column: Column, operator: string, value: unknown): Condition {
  const bound = comparedValue(model, column, value)
  // ordering comparisons with null are false
  if (bound === null) return any([])
  if (typeof bound === 'boolean') throw wrong(model, `"${column.name}" is true or false: it has no order`)
  return { kind: 'order', column, sign: signOf(operator), value: bound }
}

function compileText(model: Model, column: Column, operator: string, value: unknown): Condition {
  const part = comparedValue(model, column, value)
  if (typeof part !== 'string') throw wrong(model, `"${operator}" of "${column.name}" must be text, not ${nameOf(value)}`)
  // every text has the empty text in it
  if (part === '') return equal(column, null, true)
  return { kind: 'text', column, sign: textSignOf(operator), value: part, negated: false }
}

function compileHas(model: Model, column: Column, value: unknown): Condition {
  if (column.facts.kind !== 'list') throw wrong(model, `"${column.name}" is not a list`)
  const item = { name: column.name, nullable: column.facts.of.optional, comparison: itemComparison(column.facts.of.kind) }
  return { kind: 'has', column, value: comparedValue(model, item, canonical(column.facts.of, value)), negated: false }
}

/** Lists keep decimals as text with all their digits. */
function canonical(facts: FieldFacts, value: unknown): unknown {
  const parts = facts.kind === 'decimal' ? partsOf(value, facts.scale) : undefined
  return facts.kind === 'decimal' && parts !== undefined ? decimalOf(parts, facts.scale) : value
}

function itemComparison(kind: string): Column['comparison'] {
  if (kind === 'int' || kind === 'float') return 'number'
  return kind === 'bool' ? 'boolean' : kind === 'time' ? 'time' : 'text'
}

type Compared = Pick<Column, 'name' | 'comparison' | 'nullable' | 'scale'>

/** The value as conditions hold it, if it is one of this column as people write it. */
export function comparedValue(model: Model, column: Compared, value: unknown): Primitive {
  return column.scale === undefined || value === null ? storedValue(model, column, value) : parts(model, column, value)
}

function parts(model: Model, { name, scale = 0 }: Compared, value: unknown): number {
  const number = Number(partsOf(value, scale))
  if (Number.isSafeInteger(number)) return number
  throw wrong(model, `"${name}" is compared with ${nameOf(value)}, which is no decimal text with ${scale} digits after the point`)
}

/** The value of a row, which conditions hold in the same form, times as milliseconds. */
export function storedValue(model: Model, column: Compared, value: unknown): Primitive {
  if (value === null) return null
  if (column.comparison === 'text' && typeof value === 'string' && isComparableText(value)) return value
  if (column.comparison === 'number' && typeof value === 'number' && Number.isFinite(value)) return value === 0 ? 0 : value
  if (column.comparison === 'boolean' && typeof value === 'boolean') return value
  if (column.comparison === 'time' && value instanceof Date && !Number.isNaN(value.getTime())) return value.getTime()
  if (column.comparison === 'opaque') throw wrong(model, `"${column.name}" cannot be compared, except with null`)
  throw wrong(model, `"${column.name}" is compared with ${nameOf(value)}, which is no ${column.comparison} value`)
}

// no stored text has these, and databases differ in what they make of them
function isComparableText(value: string): boolean {
  return value.isWellFormed() && !value.includes('\0')
}

function signOf(operator: string): OrderSign {
  return operator === 'gt' || operator === 'gte' || operator === 'lt' ? operator : 'lte'
}

function textSignOf(operator: string): TextSign {
  return operator === 'contains' || operator === 'startsWith' ? operator : 'endsWith'
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

export function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : String(value)
}

/** Refuses a query, and names its model. */
export function wrong(model: Model, reason: string) {
  return dataError('TAPRI_DATA_QUERY', `Cannot query ${model.name}: ${reason}`)
}
