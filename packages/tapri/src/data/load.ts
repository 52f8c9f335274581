import type { Model } from './catalog.ts'
import { wrong } from './compare.ts'
import { all, always, type Condition, within } from './condition.ts'
import type { Select } from './driver.ts'
import type { Scope } from './engine.ts'
import type { StoredRow } from './evaluate.ts'
import { namesOf, namesRead } from './interest/columns.ts'
import type { Loading, Plan } from './loading.ts'
import { hideFields, mayBeNull, seenOrder } from './mask.ts'
import { type GivenRow, present } from './present.ts'
import { compileWhere, guardOfLink, namesOne, openedLink } from './where.ts'

const mostLoaded = 10_000

type Of<Kind extends Loading['relation']['kind']> = Loading & { readonly relation: { readonly kind: Kind } }
interface Entry {
  readonly row: StoredRow
  readonly given: GivenRow
}

/** Makes rows that were read into what is shown of them, with related rows in the place of ids: one query for each
 * relation, whatever the number of rows. */
export async function finish(scope: Scope, model: Model, rows: readonly StoredRow[], plan: Plan): Promise<GivenRow[]> {
  const { shown, read } = plan
  if (plan.with.length === 0 || rows.length === 0) return rows.map((row) => present(scope, model, row, read, shown))
  // a shown row may be the very row that was read, and relations take the place of the ids that are asked for below
  const ones = plan.with.filter(isOne).map(({ relation }) => relation.name)
  let entries = rows.map((row): Entry => ({ row: idsOf(row, ones), given: present(scope, model, row, read, shown) }))
  for (const loading of plan.with) {
    if (isOne(loading)) entries = await loadOne(scope, entries, loading)
    else if (isMany(loading)) await loadMany(scope, entries, loading)
    else if (isLinked(loading)) await loadLinked(scope, entries, loading)
  }
  return entries.map(({ given }) => given)
}

/** The row's own id, and those of the rows that it names in these fields. */
function idsOf(row: StoredRow, names: readonly string[]): StoredRow {
  const ids: Record<string, unknown> & { readonly id: string } = { id: row.id }
  for (const name of names) ids[name] = row[name]
  return ids
}

/** Of rows whose required relation is shown, those in which it may be. */
export function whoseTargetsAreOpen(scope: Scope, loadings: readonly Loading[]): Condition {
  const conditions: Condition[] = []
  for (const { relation, with: nested } of loadings) {
    if (relation.kind !== 'one' || mayBeNull(relation.column)) continue
    const { column, target } = relation
    conditions.push(namesOne(column, target, all([scope.guard(target), whoseTargetsAreOpen(scope, nested)])))
  }
  return all(conditions)
}

async function loadOne(scope: Scope, entries: Entry[], loading: Of<'one'>): Promise<Entry[]> {
  const { name, column, target } = loading.relation
  const ids = new Set<string>()
  for (const { row } of entries) {
    const id = row[name]
    if (typeof id === 'string') ids.add(id)
  }
  const found = await selectRelated(scope, loading, within(target.id, ids), { limit: Math.max(ids.size, 1) })
  const byId = new Map((await finish(scope, target, found, loading)).map((each) => [each.id, each]))
  for (const { row, given } of entries) given[name] = byId.get(String(row[name])) ?? null
  // a row whose required relation went away since it was read went away with it
  return mayBeNull(column) ? entries : entries.filter(({ given }) => given[name] !== null)
}

async function loadMany(scope: Scope, entries: readonly Entry[], loading: Of<'many'>): Promise<void> {
  const { relation, limit } = loading
  const { name, target, by } = relation
  const ids = entries.map(({ row }) => row.id)
  const found = await selectRelated(scope, loading, within(by, ids), {
    limit: mostLoaded + 1,
    ...(limit !== undefined && { each: { column: by, limit } }),
  })
  requireFew(found, loading)
  const owners = new Map(found.map((row) => [row.id, String(row[by.name])]))
  const lists = new Map<string | undefined, GivenRow[]>()
  for (const each of await finish(scope, target, found, loading)) {
    const owner = owners.get(each.id)
    const list = lists.get(owner)
    if (list === undefined) lists.set(owner, [each])
    else list.push(each)
  }
  for (const { row, given } of entries) given[name] = lists.get(row.id) ?? []
}

/** Two queries: the pairs, then the rows that they name. */
async function loadLinked(scope: Scope, entries: readonly Entry[], loading: Of<'linked'>): Promise<void> {
  const { relation, limit } = loading
  const { name, target, from, to } = relation
  const pairs = await selectPairs(
    scope,
    relation,
    entries.map(({ row }) => row.id),
  )
  requireFew(pairs, loading)
  const ids = new Set(pairs.map((pair) => String(pair[to.name])))
  const found = await selectRelated(scope, loading, within(target.id, ids), { limit: Math.max(ids.size, 1) })
  const owners = new Map<string, Set<string>>()
  for (const pair of pairs) {
    const id = String(pair[to.name])
    owners.set(id, (owners.get(id) ?? new Set()).add(String(pair[from.name])))
  }
  const lists = new Map<string, GivenRow[]>(entries.map(({ row }) => [row.id, []]))
  for (const each of await finish(scope, target, found, loading)) {
    for (const owner of owners.get(each.id) ?? []) {
      const list = lists.get(owner)
      if (list !== undefined && (limit === undefined || list.length < limit)) list.push(each)
    }
  }
  for (const { row, given } of entries) given[name] = lists.get(row.id) ?? []
}

async function selectPairs(scope: Scope, relation: Of<'linked'>['relation'], owners: readonly string[]): Promise<StoredRow[]> {
  const { link, from, to } = relation
  const condition = all([within(from, owners), guardOfLink(link, scope), openedLink(relation, scope)])
  const reader = scope.reader()
  scope.remember(link, condition, namesOf([from, to]))
  if (condition.kind === 'never') return []
  const order = [{ column: link.id, down: false }]
  return reader.select({ model: link, columns: link.columns, condition, order, limit: mostLoaded + 1, offset: 0 })
}

async function selectRelated(
  scope: Scope,
  loading: Loading,
  which: Condition,
  bounds: Pick<Select, 'limit' | 'each'>,
): Promise<StoredRow[]> {
  const { relation, read, order } = loading
  const { target } = relation
  const where = compileWhere(scope.engine.catalog, target, loading.where, scope)
  const open = relation.kind === 'many' ? scope.opened(target, relation.by) : always
  const condition = all([which, where, open, scope.guard(target), whoseTargetsAreOpen(scope, loading.with)])
  const reader = scope.reader()
  const seen = seenOrder(scope, target, order)
  scope.remember(target, condition, namesRead(read, seen))
  if (condition.kind === 'never') return []
  const rows = await reader.select({ model: target, columns: read, condition, order: seen, offset: 0, ...bounds })
  return hideFields(scope, target, rows, read)
}

function requireFew(rows: readonly StoredRow[], { relation }: Loading): void {
  if (rows.length <= mostLoaded) return
  throw wrong(relation.target, `more than ${mostLoaded} rows belong to "${relation.name}": give it a limit, or use page()`)
}

function isOne(loading: Loading): loading is Of<'one'> {
  return loading.relation.kind === 'one'
}

function isMany(loading: Loading): loading is Of<'many'> {
  return loading.relation.kind === 'many'
}

function isLinked(loading: Loading): loading is Of<'linked'> {
  return loading.relation.kind === 'linked'
}
