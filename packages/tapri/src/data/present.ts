import type { Column, Model } from './catalog.ts'
import type { FileFacts, Scope } from './engine.ts'
import type { StoredRow } from './evaluate.ts'

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
  for (const { name } of model.files) {
    const file = given[name]
    if (isFile(file)) given[name] = storedFile(scope, model, row.id, name, file)
  }
  return given
}

/** Like `present`, of a row that the change log keeps too. */
export function presentCopy(scope: Scope, model: Model, row: StoredRow): GivenRow {
  return present(scope, model, structuredClone(row), model.columns)
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

function storedFile(scope: Scope, model: Model, rowId: string, field: string, file: FileFacts) {
  const { id, name, type, size } = file
  return { id, name, type, size, url: scope.engine.fileUrl(model.name, rowId, field, file) }
}

// The row was read for this asker alone, so it may be written to.
function asGiven(row: StoredRow): GivenRow {
  return row as GivenRow
}
