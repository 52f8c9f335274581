import type { Column } from '../../catalog.ts'
import type { Figure, Grouping, Having } from '../../figures.ts'
import type { Dialect, SqlRow, SqlValue } from './dialect.ts'
import { readFragment } from './fragment.ts'
import { type Fragment, type Operand, sql } from './kysely.ts'
import { shapeOf } from './shape.ts'

const signs = { gt: '>', gte: '>=', lt: '<', lte: '<=', equal: '=', not: '<>' } as const

/** The key of a grouping's text, and its values in the order of their places. */
export function groupsShape(dialect: Dialect, grouping: Grouping): { shape: string; parameters: SqlValue[] } {
  const { model, condition, by, figures, having, order, limit } = grouping
  const parameters: SqlValue[] = []
  let shape = `groups ${model.name} ${shapeOf(dialect, condition, parameters)} by ${by.map(keyOf).join()} ${figures.map(keyOf).join()}`
  for (const each of having) {
    shape += ` ${keyOf(each.figure)}${each.sign}${each.value === null ? ' null' : ''}`
    if (each.value !== null) parameters.push(encoded(dialect, each))
  }
  for (const { of, down } of order) shape += ` ${down ? '-' : ''}${keyOf(of)}`
  parameters.push(limit)
  return { shape, parameters }
}

export function groupsQuery(dialect: Dialect, grouping: Grouping) {
  const { model, condition, by, figures, having, order, limit } = grouping
  let query = dialect.builder.selectFrom(`${model.name} as r`)
  query = query.where(readFragment(dialect, condition))
  if (by.length > 0) query = query.groupBy(by.map(({ name }) => `r.${name}`))
  for (const each of having) query = query.having(havingFragment(dialect, each))
  const sorted = order.map(({ of, down }) => dialect.sorted('kind' in of ? figureOf(dialect, of) : ref(of), down, true))
  if (sorted.length > 0) query = query.orderBy(sql.join(sorted))
  const shown = [...by.map(ref), ...figures.map((each) => shownFigure(dialect, each))]
  return query.select(shown.map((each, at) => each.as(`f${at}`))).limit(limit)
}

/** Reads the values of `by` and the figures; an exact sum stays text. */
export function groupDecoder(dialect: Dialect, { by, figures }: Grouping): (row: SqlRow) => unknown[] {
  const decoders = [
    ...by.map(({ facts }) => dialect.codec.decoder(facts)),
    ...figures.map((each) => figureDecoder(dialect, each)),
  ]
  return (row) => decoders.map((decode, at) => (row[at] === null || decode === undefined ? row[at] : decode(row[at])))
}

function figureDecoder(dialect: Dialect, figure: Figure) {
  if (figure.kind === 'min' || figure.kind === 'max') return dialect.codec.decoder(figure.column.facts)
  return figure.kind === 'sum' ? undefined : Number
}

function keyOf(of: Column | Figure): string {
  if (!('kind' in of)) return of.name
  return of.kind === 'count' ? 'count()' : `${of.kind}(${of.column.name})`
}

function ref(column: Column): Operand {
  return sql.ref(`r.${column.name}`)
}

/** The figure as it is compared and ordered. */
function figureOf(dialect: Dialect, figure: Figure): Operand {
  if (figure.kind === 'count') return sql`count(*)`
  const operand = ref(figure.column)
  if (figure.kind === 'min') return sql`min(${operand})`
  if (figure.kind === 'max') return sql`max(${operand})`
  if (figure.kind === 'sum') return sql`coalesce(sum(${operand}), 0)`
  return sql`cast(sum(${operand}) as ${sql.raw(dialect.casts?.float ?? 'double precision')}) / count(${operand})`
}

/** Drivers read large whole numbers each in their own way, and text all alike; fractions have no text of their own. */
function shownFigure(dialect: Dialect, figure: Figure): Operand {
  const operand = figureOf(dialect, figure)
  if (figure.kind !== 'sum' || figure.column.facts.kind !== 'int') return operand
  return sql`cast(${operand} as ${sql.raw(dialect.casts?.text ?? 'text')})`
}

function havingFragment(dialect: Dialect, having: Having): Fragment {
  const { figure, sign, value } = having
  const figured = figureOf(dialect, figure)
  // a count is compared with fractions too
  const operand =
    figure.kind === 'count' ? sql`cast(${figured} as ${sql.raw(dialect.casts?.float ?? 'double precision')})` : figured
  if (value === null) {
    if (sign === 'equal' || sign === 'not') return sql<boolean>`${operand} is ${sql.raw(sign === 'not' ? 'not null' : 'null')}`
    return dialect.truth(false)
  }
  const test = sql<boolean>`${operand} ${sql.raw(signs[sign])} ${encoded(dialect, having)}`
  return sign === 'not' ? sql<boolean>`(${test} or ${operand} is null)` : test
}

function encoded(dialect: Dialect, { figure, sign, value }: Having): SqlValue {
  if (figure.kind !== 'min' && figure.kind !== 'max') return Number(value)
  const isOrder = sign !== 'equal' && sign !== 'not' && (typeof value === 'string' || typeof value === 'number')
  return isOrder ? dialect.codec.bound(figure.column, sign, value) : dialect.codec.compared(figure.column, value)
}
