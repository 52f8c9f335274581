import type { Column, Model, Relation } from './catalog.ts'
import { isRecord, nameOf, wrong } from './compare.ts'
import type { Order } from './driver.ts'
import { readCount, readOrder } from './order.ts'
import { visibleColumn, visibleRelation } from './where.ts'

/** Which columns of a model are shown, which must be read for that, and which relations are put in place. */
export interface Plan {
  readonly shown: readonly Column[]
  readonly read: readonly Column[]
  readonly with: readonly Loading[]
}

/** A relation to load. */
export interface Loading extends Plan {
  readonly relation: Relation
  readonly where: unknown
  readonly order: readonly Order[]
  /** For each row that they belong to; undefined is as many as there are. */
  readonly limit: number | undefined
}

const mostNested = 5
const highestLimit = 10_000
const partsOfOne = ['with', 'select']
const partsOfMany = ['where', 'with', 'select', 'orderBy', 'limit']

/** What a query with these parts shows and reads; `needed` are the columns that it looks at besides. */
export function planOf(
  model: Model,
  given: Readonly<Record<string, unknown>>,
  everything: boolean,
  needed: readonly Column[],
  depth = 0,
): Plan {
  const loadings = readWith(model, given.with, everything, depth)
  const visible = everything ? model.columns : model.open
  const shown = readSelect(model, given.select, everything)
  if (shown === undefined) return { shown: visible, read: visible, with: loadings }
  const names = new Set(shown.map(({ name }) => name))
  for (const { name } of needed) names.add(name)
  for (const { relation } of loadings) if (relation.kind === 'one') names.add(relation.column.name)
  return { shown, read: columnsNamed(model, names), with: loadings }
}

function readSelect(model: Model, value: unknown, everything: boolean): readonly Column[] | undefined {
  if (value === undefined) return undefined
  if (!isRecord(value)) throw wrong(model, `"select" must be an object, not ${nameOf(value)}`)
  const names = new Set(['id'])
  for (const key of Object.keys(value)) {
    const { name } = visibleColumn(model, key, { everything })
    if (isWanted(model, 'select', key, value[key])) names.add(name)
  }
  return columnsNamed(model, names)
}

function readWith(model: Model, value: unknown, everything: boolean, depth: number): Loading[] {
  if (value === undefined) return []
  if (!isRecord(value)) throw wrong(model, `"with" must be an object, not ${nameOf(value)}`)
  if (depth >= mostNested) throw wrong(model, `"with" is nested deeper than ${mostNested} relations`)
  const loadings: Loading[] = []
  for (const key of Object.keys(value)) {
    const relation = visibleRelation(model, key, { everything })
    if (relation === undefined) throw wrong(model, `it has no relation "${key}" here, only ${namesOf(model, everything)}`)
    const part = value[key]
    if (isRecord(part)) loadings.push(loadingOf(model, relation, part, everything, depth))
    else if (isWanted(model, 'with', key, part)) loadings.push(loadingOf(model, relation, {}, everything, depth))
  }
  return loadings
}

function loadingOf(
  model: Model,
  relation: Relation,
  given: Readonly<Record<string, unknown>>,
  everything: boolean,
  depth: number,
): Loading {
  const parts = relation.kind === 'one' ? partsOfOne : partsOfMany
  const unknown = Object.keys(given).find((key) => !parts.includes(key))
  if (unknown !== undefined) throw wrong(model, `"${unknown}" of "${relation.name}" is none of ${parts.join(', ')}`)
  const order = readOrder(relation.target, given.orderBy, everything)
  const limit = given.limit === undefined ? undefined : readCount(relation.target, 'limit', given.limit, 1)
  if (limit !== undefined && limit > highestLimit) throw wrong(model, `the limit of "${relation.name}" is over ${highestLimit}`)
  const needed = relation.kind === 'many' ? [relation.by] : []
  return { relation, where: given.where, order, limit, ...planOf(relation.target, given, everything, needed, depth + 1) }
}

function isWanted(model: Model, part: string, key: string, value: unknown): boolean {
  if (value === true) return true
  if (value === undefined || value === false) return false
  throw wrong(model, `"${key}" in "${part}" must be true`)
}

function namesOf(model: Model, everything: boolean): string {
  const names = [...model.relations.keys()].filter((name) => visibleRelation(model, name, { everything }) !== undefined)
  return names.join(', ') || 'none'
}

const keptLists = 500
const lists = new WeakMap<Model, Map<string, readonly Column[]>>()

/** One list for each set of columns, so that what drivers compile for a list serves again. */
function columnsNamed(model: Model, names: ReadonlySet<string>): readonly Column[] {
  const known = lists.get(model) ?? new Map<string, readonly Column[]>()
  lists.set(model, known)
  const columns = model.columns.filter(({ name }) => names.has(name))
  const key = columns.map(({ name }) => name).join()
  const list = known.get(key) ?? columns
  if (known.size >= keptLists) known.clear()
  known.set(key, list)
  return list
}
