import type { Model, Relation } from '../catalog.ts'
import { all, type Condition } from '../condition.ts'
import type { Order } from '../driver.ts'
import { comparable, compareValues, type StoredRow } from '../evaluate.ts'
import { groupsAmong } from '../evaluate-groups.ts'
import { type Asked, type Figure, figureOf, readGrouping } from '../figures.ts'
import { readOrder } from '../order.ts'
import { compileWhere } from '../where.ts'
import { compileSearch, rankOf } from '../words.ts'
import type { Question } from './questions.fixture.ts'
import { type Asker, gone, type World } from './world.fixture.ts'

type Row = Record<string, unknown>

/** Asks a database. Times are told as milliseconds, as the evaluator does. */
export async function ask(table: any, { method, query }: Question): Promise<unknown> {
  if (method === 'get') return table.get(query.id, query.query)
  if (method === 'figure') return plain(await table[query.figure.kind](query.figure.field, { where: query.where }))
  if (method === 'groupBy') return (await table.groupBy(query)).map(flat)
  if (method !== 'pages') return table[method](query)
  const ids: string[] = []
  for (let next: string | null | undefined; next !== null; ) {
    const page: any = await table.page({ ...query, ...(next !== undefined && { after: next }) })
    ids.push(...page.rows.map(({ id }: StoredRow) => id))
    next = page.next
  }
  return ids
}

/** What a question should be answered. */
export function answer(world: World, { asker, model: name, method, query }: Question): unknown {
  const model = world.model(name)
  if (method === 'groupBy') return grouped(world, asker, model, query)
  if (method === 'figure') return figured(world, asker, model, query)
  if (method === 'get') {
    const row = rowsFor(world, asker, model, { ...query.query }).find(({ id }) => id === query.id)
    if (row === undefined) throw gone()
    return shown(world, asker, model, row, { ...query.query })
  }
  const rows = rowsFor(world, asker, model, query)
  if (method === 'count') return rows.length
  const sorted = ordered(model, rows, query)
  if (method === 'pages') return sorted.map(({ id }) => id)
  const limit = method === 'first' ? 1 : (query.limit ?? 1000)
  const from = ((query.page ?? 1) - 1) * limit
  const given = sorted.slice(from, from + limit).map((row) => shown(world, asker, model, row, query))
  return method === 'first' ? (given[0] ?? null) : given
}

function rowsFor(world: World, asker: Asker, model: Model, query: any): StoredRow[] {
  const where = compileWhere(world.catalog, model, query.where, world.view(asker))
  const readable = query.withDeleted ? world.ruled(asker, model, 'read') : world.allowed(asker, model, 'read')
  const condition = all([where, compileSearch(model, query.search), readable])
  return world.rowsOf(model).filter((row) => world.fits(condition, row) && isWhole(world, asker, model, row, query.with))
}

/** A required relation that is asked for and hidden takes its row along. */
function isWhole(world: World, asker: Asker, model: Model, row: StoredRow, asked: any): boolean {
  return Object.entries<any>(asked ?? {}).every(([name, part]) => {
    const relation = model.relations.get(name)
    if (relation?.kind !== 'one' || relation.column.nullable) return true
    return relatedRow(world, asker, relation, row, part) !== undefined
  })
}

function relatedRow(world: World, asker: Asker, { name, target }: Relation, row: StoredRow, part: any): StoredRow | undefined {
  const found = world.row(target, row[name])
  if (found === undefined || !world.fits(world.allowed(asker, target, 'read'), found)) return undefined
  return isWhole(world, asker, target, found, part.with) ? found : undefined
}

function ordered(model: Model, rows: readonly StoredRow[], { orderBy, search }: any): StoredRow[] {
  const condition = orderBy === undefined ? compileSearch(model, search) : undefined
  const order = readOrder(model, orderBy, true)
  const ranked = rows.map((row) => ({ row, rank: condition?.kind === 'search' ? rankOf(condition, row) : 0 }))
  ranked.sort((one, other) => other.rank - one.rank || compareRows(order, one.row, other.row))
  return ranked.map(({ row }) => row)
}

function compareRows(order: readonly Order[], one: StoredRow, other: StoredRow): number {
  for (const { column, down } of order) {
    const difference = compareValues(plain(one[column.name]), plain(other[column.name]))
    if (difference !== 0) return down ? -difference : difference
  }
  return 0
}

function shown(world: World, asker: Asker, model: Model, row: StoredRow, { select, with: asked }: any): Row {
  const names = select === undefined ? model.columns.map(({ name }) => name) : ['id', ...Object.keys(select)]
  const given: Row = Object.fromEntries(names.map((name) => [name, row[name]]))
  for (const [name, part] of Object.entries<any>(asked ?? {})) {
    const relation = model.relations.get(name)
    if (relation?.kind === 'one') {
      const found = relatedRow(world, asker, relation, row, part)
      given[name] = found === undefined ? null : shown(world, asker, relation.target, found, part)
    } else if (relation !== undefined) given[name] = relatedRows(world, asker, relation, row, part)
  }
  return given
}

function relatedRows(world: World, asker: Asker, relation: Relation, row: StoredRow, part: any): Row[] {
  const { target } = relation
  const isRelated = (other: StoredRow) => {
    if (relation.kind === 'many') return other[relation.by.name] === row.id
    if (relation.kind !== 'linked') return false
    const { link, from, to } = relation
    return world.rowsOf(link).some((pair) => pair[from.name] === row.id && pair[to.name] === other.id)
  }
  const found = rowsFor(world, asker, target, part).filter(isRelated)
  const limited = ordered(target, found, part).slice(0, part.limit)
  return limited.map((each) => shown(world, asker, target, each, part))
}

function grouped(world: World, asker: Asker, model: Model, query: any): unknown {
  const asked = readGrouping(model, query, true)
  return groups(world, asker, model, asked).map((values) => {
    const named = asked.by.map(({ name }, at) => [name, values[at]])
    const figures = asked.figures.map((figure, at) => [labelOf(figure), values[asked.by.length + at]])
    return Object.fromEntries([...named, ...figures])
  })
}

function figured(world: World, asker: Asker, model: Model, { figure, where }: any): unknown {
  const figures = [figureOf(model, figure.kind, figure.field, true)]
  return groups(world, asker, model, { where, by: [], figures, having: [], order: [], limit: 1 })[0]?.[0]
}

function groups(world: World, asker: Asker, model: Model, asked: Asked): unknown[][] {
  const where = compileWhere(world.catalog, model, asked.where, world.view(asker))
  const condition: Condition = all([where, world.allowed(asker, model, 'read')])
  const rows = world.rowsOf(model).filter((row) => world.fits(condition, row))
  return groupsAmong(rows, asked)
}

function labelOf(figure: Figure): string {
  return figure.kind === 'count' ? 'count' : `${figure.kind}.${figure.column.name}`
}

function flat(group: Readonly<Record<string, unknown>>): Row {
  const row: Row = {}
  for (const [name, value] of Object.entries(group)) {
    const isFigures = ['sum', 'avg', 'min', 'max'].includes(name)
    if (isFigures) for (const [field, figure] of Object.entries(value ?? {})) row[`${name}.${field}`] = plain(figure)
    else row[name] = plain(value)
  }
  return row
}

function plain(value: unknown) {
  return comparable(value) ?? null
}
