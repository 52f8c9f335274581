import { notFound } from '../kit/errors.ts'
import type { Model } from './catalog.ts'
import { all, asksOthers, type Condition, equal } from './condition.ts'
import type { Scope } from './engine.ts'
import { matches, type StoredRow } from './evaluate.ts'
import { namesOf, namesRead } from './interest/columns.ts'
import { finish, whoseTargetsAreOpen } from './load.ts'
import { hideFields, seenOrder } from './mask.ts'
import { type GivenRow, present, visibleColumns } from './present.ts'
import { type Query, readQuery } from './query.ts'
import type { Page } from './types.ts'
import { compileWhere } from './where.ts'

/** What a query for rows may have; made once, since every read asks for it. */
const rowParts = ['where', 'search', 'withDeleted', 'with', 'select', 'orderBy', 'limit'] as const
const pagedParts = [...rowParts, 'page'] as const
const cursorParts = [...rowParts, 'after'] as const

export async function find(scope: Scope, model: Model, given: unknown): Promise<GivenRow[]> {
  const query = readQuery(model, given, scope.everything, pagedParts)
  return select(scope, model, query, conditionOf(scope, model, query), query.limit)
}

export async function first(scope: Scope, model: Model, given: unknown): Promise<GivenRow | null> {
  const query = readQuery(model, given, scope.everything, rowParts)
  const [row] = await select(scope, model, query, conditionOf(scope, model, query), 1)
  return row ?? null
}

export async function page(scope: Scope, model: Model, given: unknown): Promise<Page<GivenRow>> {
  const query = readQuery(model, given, scope.everything, cursorParts)
  const { cursors } = scope.engine
  const wanted = conditionOf(scope, model, query)
  // a cursor that comes from a query string may be absent in more than one way
  const isFirst = query.after === undefined || query.after === null
  const order = { order: seenOrder(scope, model, query.order), rank: query.rank }
  const condition = isFirst ? wanted : all([wanted, cursors.read(model, order, query.after)])
  const found = await selectStored(scope, model, query, condition, query.limit + 1)
  const rows = found.slice(0, query.limit)
  const last = rows.at(-1)
  const next = found.length > query.limit && last !== undefined ? cursors.after(model, order, last) : null
  return { rows: await finish(scope, model, rows, query), next }
}

export async function count(scope: Scope, model: Model, given: unknown): Promise<number> {
  const query = readQuery(model, given, scope.everything, ['where', 'search', 'withDeleted'])
  const condition = conditionOf(scope, model, query)
  const reader = scope.reader()
  scope.remember(model, condition, namesOf([]))
  return condition.kind === 'never' ? 0 : reader.count(model, condition)
}

/** The commonest read: one row by its id, with the policy asked of the row itself where that can tell. */
export async function get(scope: Scope, model: Model, id: unknown, given: unknown): Promise<GivenRow> {
  if (!mayBeId(id)) throw missing(model, id)
  const allowed = scope.allowed(model, 'read')
  const isPartial = model.guarded.length > 0 && !scope.everything
  if (given !== undefined || isPartial || asksOthers(allowed)) return getLoaded(scope, model, id, given)
  const reader = scope.reader()
  if (scope.reads !== undefined) scope.remember(model, all([equal(model.id, id), allowed]), namesOf(visibleColumns(scope, model)))
  const row = await reader.row(model, id)
  if (row === undefined || !matches(allowed, row)) throw missing(model, id)
  return present(scope, model, row, model.columns)
}

async function getLoaded(scope: Scope, model: Model, id: string, given: unknown): Promise<GivenRow> {
  const query = readQuery(model, given, scope.everything, ['with', 'select', 'withDeleted'])
  const condition = all([equal(model.id, id), conditionOf(scope, model, query)])
  const [row] = await select(scope, model, query, condition, 1)
  if (row === undefined) throw missing(model, id)
  return row
}

/** Some databases fail at a NUL, even in a question. */
export function mayBeId(id: unknown): id is string {
  return typeof id === 'string' && !id.includes('\0')
}

export function missing(model: Model, id: unknown) {
  return notFound(`No row of ${model.name} has the id ${typeof id === 'string' ? JSON.stringify(id.slice(0, 60)) : String(id)}`)
}

async function select(scope: Scope, model: Model, query: Query, condition: Condition, limit: number): Promise<GivenRow[]> {
  return finish(scope, model, await selectStored(scope, model, query, condition, limit), query)
}

async function selectStored(
  scope: Scope,
  model: Model,
  { read, order, offset, rank }: Query,
  condition: Condition,
  limit: number,
): Promise<StoredRow[]> {
  const reader = scope.reader()
  const seen = seenOrder(scope, model, order)
  scope.remember(model, condition, namesRead(read, seen))
  if (condition.kind === 'never') return []
  const rows = await reader.select({ model, columns: read, condition, order: seen, limit, offset, rank })
  return hideFields(scope, model, rows, read)
}

/** What was asked for, of what may be read, less the rows whose required relation may not be read. */
function conditionOf(scope: Scope, model: Model, query: Query): Condition {
  const where = compileWhere(scope.engine.catalog, model, query.where, scope)
  const readable = query.withDeleted ? scope.ruled(model, 'read') : scope.allowed(model, 'read')
  return all([where, query.search, readable, whoseTargetsAreOpen(scope, query.with)])
}
