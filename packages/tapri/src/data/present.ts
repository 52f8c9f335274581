import { decimalOf } from '../kit/decimal.ts'
import type { Column, Model } from './catalog.ts'
import type { FileFacts, Scope } from './engine.ts'
import type { StoredRow } from './evaluate.ts'
import { hideFields } from './mask.ts'

/** A row that was given away: relations are put in place, so it is never shared with the change log. */
export type GivenRow = { id: string; [field: string]: unknown }

/** Makes a row that only the asker holds, and that has these columns, into what is shown of it; files with their URLs. */
export function present(
  scope: Scope,
  model: Model,
  row: StoredRow,
  columns: readonly Column[],
  shown: readonly Column[] = visibleColumns(scope, model),
): GivenRow {
  const given = columns === shown ? asGiven(row) : shownPart(row, shown)
  for (const { name, facts } of model.files) {
    const file = given[name]
    if (!isFile(file)) continue
    const media = facts.kind === 'file' ? facts.media : undefined
    given[name] = scope.engine.showFile({ model: model.name, row: row.id, field: name, media }, file)
  }
  for (const { name, scale = 0 } of model.decimals) {
    const parts = given[name]
    if (typeof parts === 'number') given[name] = decimalOf(parts, scale)
  }
  return given
}

/** Like `present`, of a row that was written: the change log keeps it too. */
export async function presentWritten(scope: Scope, model: Model, row: StoredRow): Promise<GivenRow> {
  const [given] = await presentAllWritten(scope, model, [row])
  return given ?? asGiven(row)
}

export async function presentAllWritten(scope: Scope, model: Model, rows: readonly StoredRow[]): Promise<GivenRow[]> {
  const seen = await hideFields(scope, model, rows.map(copyOf), model.columns)
  return seen.map((row) => present(scope, model, row, model.columns))
}

/** Shares nothing that can be changed in place with the row; most values cannot be, and copying the whole costs ten times as much. */
function copyOf(row: StoredRow): StoredRow {
  const copy: Record<string, unknown> & { readonly id: string } = { ...row }
  for (const name of Object.keys(copy)) {
    const value = copy[name]
    if (typeof value === 'object' && value !== null) copy[name] = structuredClone(value)
  }
  return copy
}

export function visibleColumns(scope: Scope, model: Model): readonly Column[] {
  return scope.everything ? model.columns : model.open
}

export function isFile(value: unknown): value is FileFacts {
  return typeof value === 'object' && value !== null && 'id' in value && 'key' in value
}

function shownPart(row: StoredRow, shown: readonly Column[]): GivenRow {
  const given: GivenRow = { id: row.id }
  for (const { name } of shown) given[name] = row[name]
  return given
}

// The row was read for this asker alone, so it may be written to.
function asGiven(row: StoredRow): GivenRow {
  return row as GivenRow
}
