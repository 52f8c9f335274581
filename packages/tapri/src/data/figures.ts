import { movePoint } from '../kit/decimal.ts'
import type { Column, Model } from './catalog.ts'
import { comparedValue, isRecord, nameOf, wrong } from './compare.ts'
import type { Condition, OrderSign, Primitive } from './condition.ts'
import { sortable } from './order.ts'
import { readLimit, readParts } from './query.ts'
import { visibleColumn } from './where.ts'

/** A number or an extreme of a group; `count` without a column counts rows. */
export type Figure = { readonly kind: 'count' } | { readonly kind: 'sum' | 'avg' | 'min' | 'max'; readonly column: Column }
/** Keeps groups whose figure compares; ordering comparisons with null are false, null equals null. */
export interface Having {
  readonly figure: Figure
  readonly sign: OrderSign | 'equal' | 'not'
  readonly value: Primitive
}

/** Rows of a model put together by the values of columns. */
export interface Grouping {
  readonly model: Model
  readonly condition: Condition
  readonly by: readonly Column[]
  readonly figures: readonly Figure[]
  readonly having: readonly Having[]
  readonly order: readonly { readonly of: Column | Figure; readonly down: boolean }[]
  readonly limit: number
}

export type Asked = Omit<Grouping, 'model' | 'condition'> & { readonly where: unknown }

const usualLimit = 1000
const kinds = ['sum', 'avg', 'min', 'max'] as const
const parts = ['by', 'where', 'count', ...kinds, 'having', 'orderBy', 'limit']

/** @throws TAPRI_DATA_QUERY for what is no grouping of this model */
export function readGrouping(model: Model, query: unknown, everything: boolean): Asked {
  const given = readParts(model, query, parts)
  const view = { everything }
  if (!Array.isArray(given.by)) throw wrong(model, `"by" must be a list of fields, not ${nameOf(given.by)}`)
  const by = [...new Set(given.by)].map((name) => groupable(model, visibleColumn(model, String(name), view)))
  if (by.length > 20) throw wrong(model, '"by" has more than 20 fields')
  const figures: Figure[] = given.count === true ? [{ kind: 'count' }] : []
  for (const kind of kinds) {
    const names: unknown = given[kind] ?? []
    if (!Array.isArray(names)) throw wrong(model, `"${kind}" must be a list of fields, not ${nameOf(names)}`)
    for (const name of new Set(names)) figures.push(figureOf(model, kind, String(name), everything))
  }
  if (by.length + figures.length === 0) throw wrong(model, 'a grouping without "by" must ask for a figure')
  const having = readHaving(model, given.having, everything)
  const order = readGroupOrder(model, given.orderBy, by, everything)
  return { where: given.where, by, figures, having, order, limit: readLimit(model, given.limit, usualLimit) }
}

/** @throws TAPRI_DATA_QUERY when the field has no such figure */
export function figureOf(model: Model, kind: (typeof kinds)[number], name: string, everything: boolean): Figure {
  const column = visibleColumn(model, name, { everything })
  if (kind === 'min' || kind === 'max') {
    if (sortable(model, column).comparison === 'boolean') throw wrong(model, `"${name}" is true or false: it has no ${kind}`)
  } else if (column.comparison !== 'number') throw wrong(model, `"${name}" is no number: it has no ${kind}`)
  return { kind, column }
}

function groupable(model: Model, column: Column): Column {
  if (parts.includes(column.name)) throw wrong(model, `rows cannot be grouped by "${column.name}": a figure has that name`)
  return sortable(model, column)
}

function readHaving(model: Model, value: unknown, everything: boolean): Having[] {
  if (value === undefined) return []
  if (!isRecord(value)) throw wrong(model, `"having" must be an object, not ${nameOf(value)}`)
  return Object.keys(value).flatMap((kind) => {
    if (kind === 'count') return compareFigure(model, { kind }, value[kind])
    const known = kinds.find((each) => each === kind)
    const fields = value[kind]
    if (known === undefined || !isRecord(fields)) throw wrong(model, `"${kind}" of "having" must be a figure of fields`)
    return Object.keys(fields).flatMap((name) => compareFigure(model, figureOf(model, known, name, everything), fields[name]))
  })
}

const signs = ['gt', 'gte', 'lt', 'lte', 'not'] as const

function compareFigure(model: Model, figure: Figure, value: unknown): Having[] {
  if (!isRecord(value)) return [{ figure, sign: 'equal', value: figureValue(model, figure, value) }]
  const names = Object.keys(value)
  if (names.length === 0) throw wrong(model, `the comparison of "${figure.kind}" is empty`)
  return names.map((name) => {
    const sign = signs.find((each) => each === name)
    if (sign === undefined) throw wrong(model, `"${figure.kind}" has no comparison "${name}" in "having"`)
    return { figure, sign, value: figureValue(model, figure, value[name]) }
  })
}

function figureValue(model: Model, figure: Figure, value: unknown): Primitive {
  if (figure.kind === 'min' || figure.kind === 'max') return comparedValue(model, figure.column, value)
  const plain = { name: figure.kind, comparison: 'number', nullable: figure.kind === 'avg' } as const
  if (figure.kind === 'count' || figure.column.scale === undefined) return comparedValue(model, plain, value)
  const { scale } = figure.column
  if (figure.kind === 'sum') return comparedValue(model, { ...plain, scale }, value)
  // an average is no decimal, but a number of the same parts
  const average = comparedValue(model, plain, value)
  return typeof average === 'number' ? movePoint(average, scale) : average
}

function readGroupOrder(model: Model, value: unknown, by: readonly Column[], everything: boolean): Grouping['order'] {
  const names: readonly unknown[] = value === undefined ? [] : Array.isArray(value) ? value : [value]
  const order = names.map((name) => {
    if (typeof name !== 'string') throw wrong(model, `"orderBy" must be names, not ${nameOf(name)}`)
    const down = name.startsWith('-')
    return { of: orderedBy(model, down ? name.slice(1) : name, by, everything), down }
  })
  // the fields of `by` decide among equals
  const others = by.filter((column) => !order.some(({ of }) => of === column))
  return [...order, ...others.map((of) => ({ of, down: false }))]
}

function orderedBy(model: Model, name: string, by: readonly Column[], everything: boolean): Column | Figure {
  if (name === 'count') return { kind: 'count' }
  const column = by.find((each) => each.name === name)
  if (column !== undefined) return column
  const [kind, field, ...rest] = name.split('.')
  const known = kinds.find((each) => each === kind)
  if (known === undefined || field === undefined || rest.length > 0) {
    throw wrong(
      model,
      `groups have no order by "${name.slice(0, 60)}": name a field of "by", "count" or a figure like "sum.views"`,
    )
  }
  return figureOf(model, known, field, everything)
}
