import type { Column, Model, Relation } from './catalog.ts'
import { all, type Condition, within } from './condition.ts'
import type { Scope } from './engine.ts'
import { dataError } from './errors.ts'
import type { StoredRow } from './evaluate.ts'
import { type GivenRow, present, visibleColumns } from './present.ts'

const mostLoaded = 10_000

/** Puts related rows in the place of ids: one query for each relation, whatever the number of rows. */
export async function loadRelations(scope: Scope, rows: GivenRow[], relations: readonly Relation[]): Promise<GivenRow[]> {
  let kept = rows
  for (const relation of relations) {
    if (relation.kind === 'one') kept = await loadOne(scope, kept, relation)
    else await loadMany(scope, kept, relation)
  }
  return kept
}

async function loadOne(scope: Scope, rows: GivenRow[], relation: Relation & { kind: 'one' }): Promise<GivenRow[]> {
  const { name, column, target } = relation
  const ids = new Set<string>()
  for (const row of rows) {
    const id = row[name]
    if (typeof id === 'string') ids.add(id)
  }
  const found = await selectRelated(scope, target, within(target.id, ids), ids.size)
  const byId = new Map(found.map((row) => [row.id, present(scope, target, row, visibleColumns(scope, target))]))
  for (const row of rows) row[name] = byId.get(String(row[name])) ?? null
  // a row whose required relation went away since it was read went away with it
  return column.nullable ? rows : rows.filter((row) => row[name] !== null)
}

async function loadMany(
  scope: Scope,
  rows: readonly GivenRow[],
  { name, target, by }: Relation & { kind: 'many' },
): Promise<void> {
  const ids = rows.map((row) => row.id)
  const found = await selectRelated(scope, target, within(by, ids), mostLoaded + 1)
  if (found.length > mostLoaded) {
    throw dataError(
      'TAPRI_DATA_QUERY',
      `Cannot load "${name}": more than ${mostLoaded} rows of ${target.name} belong here, use page()`,
    )
  }
  const lists = groupBy(found, by)
  for (const row of rows) {
    row[name] = (lists.get(row.id) ?? []).map((each) => present(scope, target, each, visibleColumns(scope, target)))
  }
}

async function selectRelated(scope: Scope, target: Model, which: Condition, limit: number): Promise<StoredRow[]> {
  const condition = all([which, scope.guard(target)])
  const reader = scope.reader()
  scope.remember(target, condition)
  if (condition.kind === 'never') return []
  const order = [{ column: target.id, down: false }]
  return reader.select({ model: target, columns: visibleColumns(scope, target), condition, order, limit, offset: 0 })
}

function groupBy(rows: readonly StoredRow[], by: Column): Map<string, StoredRow[]> {
  const groups = new Map<string, StoredRow[]>()
  for (const row of rows) {
    const key = String(row[by.name])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [row])
    else group.push(row)
  }
  return groups
}
