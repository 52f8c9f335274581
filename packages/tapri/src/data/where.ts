import type { Catalog, Column, Model, Relation } from './catalog.ts'
import { all, any, type Condition, equal, negate, type OrderSign, type Primitive, type TextSign, within } from './condition.ts'
import { dataError } from './errors.ts'

/** What the one who asks may use in a `where`. */
export interface View {
  /** Private columns too. */
  readonly everything: boolean
  /** Rows of a related model that may be looked at. */
  guard(target: Model): Condition
}

/** Compiles a `where` as people write it.
 * @throws TAPRI_DATA_QUERY with the field and the value that is wrong */
export function compileWhere(catalog: Catalog, model: Model, where: unknown, view: View): Condition {
  if (where === undefined) return all([])
  if (!isRecord(where)) throw wrong(model, `a where must be an object, not ${nameOf(where)}`)
  const parts: Condition[] = []
  for (const key of Object.keys(where)) parts.push(compilePart(catalog, model, key, where[key], view))
  return all(parts)
}

function compilePart(catalog: Catalog, model: Model, key: string, value: unknown, view: View): Condition {
  if (key === 'not') return negate(compileWhere(catalog, model, value ?? null, view))
  if (key === 'and' || key === 'or') {
    if (!Array.isArray(value)) throw wrong(model, `"${key}" must be a list, not ${nameOf(value)}`)
    const parts = value.map((each) => compileWhere(catalog, model, each ?? null, view))
    return key === 'and' ? all(parts) : any(parts)
  }
  const column = visibleColumn(model, key, view)
  // a filter that is undefined by mistake would open every row
  if (value === undefined) throw wrong(model, `"${key}" is undefined: leave it out, or compare with null`)
  const relation = model.relations.get(key)
  if (relation?.kind === 'one' && isRecord(value) && !isComparison(value)) return compileRelated(catalog, relation, value, view)
  return compileCompare(model, column, value)
}

/** The column, when the asker may know of it. */
export function visibleColumn(model: Model, name: string, view: { readonly everything: boolean }): Column {
  const column = model.column.get(name)
  if (column === undefined || (column.private && !view.everything)) {
    const known = (view.everything ? model.columns : model.open).map((each) => each.name)
    throw wrong(model, `it has no field "${name}" here, only ${known.join(', ')}`)
  }
  return column
}

function compileRelated(
  catalog: Catalog,
  relation: Relation & { kind: 'one' },
  where: Readonly<Record<string, unknown>>,
  view: View,
): Condition {
  const { column, target } = relation
  const of = all([compileWhere(catalog, target, where, view), view.guard(target)])
  if (of.kind === 'never') return of
  // whoever is named exists: the foreign key says so
  if (of.kind === 'always') return equal(column, null, true)
  return { kind: 'related', column, target, of, negated: false }
}

/** `{ in }`, `{ notIn }` or `{ not: id }` compare the id; any other object asks the related row. */
function isComparison(value: Readonly<Record<string, unknown>>): boolean {
  const keys = Object.keys(value)
  return (
    keys.length > 0 &&
    keys.every((key) => (Array.isArray(value[key]) ? key === 'in' || key === 'notIn' : key === 'not' && !isRecord(value[key])))
  )
}

function compileCompare(model: Model, column: Column, value: unknown): Condition {
  if (!isRecord(value)) return equal(column, comparedValue(model, column, value))
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
  return { kind: 'has', column, value: comparedValue(model, item, value), negated: false }
}

function itemComparison(kind: string): Column['comparison'] {
  if (kind === 'int' || kind === 'float') return 'number'
  return kind === 'bool' ? 'boolean' : kind === 'time' ? 'time' : 'text'
}

/** The value as conditions hold it, if it is one of this column. */
export function comparedValue(model: Model, column: Pick<Column, 'name' | 'comparison' | 'nullable'>, value: unknown): Primitive {
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

function wrong(model: Model, reason: string) {
  return dataError('TAPRI_DATA_QUERY', `Cannot query ${model.name}: ${reason}`)
}
