import { decimalOf, partsOf } from '../kit/decimal.ts'
import { type Issue, invalid } from '../kit/errors.ts'
import type { Column, Model } from './catalog.ts'
import { isRecord } from './compare.ts'
import { comparable, type StoredRow } from './evaluate.ts'
import { whyNoDatabase } from './json-limits.ts'
import { isFile } from './present.ts'

type Values = Readonly<Record<string, unknown>>

/** A whole new row: checked, with defaults, each value as it will be read again.
 * @throws TAPRI_INVALID */
export function newRow(model: Model, id: string, given: unknown): StoredRow {
  const values = accept(model, model.forCreate(given))
  const row: Record<string, unknown> = {}
  for (const column of model.columns) {
    if (column === model.version) row[column.name] = 1
    else if (column !== model.id) row[column.name] = storable(model, column, values[column.name])
  }
  return { id, ...row }
}

/** What becomes of a row: the columns that get another value.
 * @throws TAPRI_INVALID */
export function changedValues(model: Model, before: StoredRow, given: unknown): Values {
  if (!isRecord(given)) throw refuse(model, [{ path: [], message: 'must be an object' }])
  const wanted: Record<string, unknown> = {}
  for (const key of Object.keys(given)) {
    const value = isAdd(given[key]) ? sum(model, before, key, given[key]['~add']) : given[key]
    if (!isSameFile(before[key], value)) wanted[key] = value
  }
  const values = accept(model, model.forUpdate(wanted))
  const changed: Record<string, unknown> = {}
  for (const name of Object.keys(values)) {
    const column = model.column.get(name)
    if (column === undefined) continue
    const value = storable(model, column, values[name])
    if (!isSame(before[name], value)) changed[name] = value
  }
  return changed
}

/** The values with the next version of the row, where its model counts them. */
export function withVersion(model: Model, before: StoredRow, values: Values): Values {
  return model.version === undefined ? values : { ...values, [model.version.name]: Number(before[model.version.name]) + 1 }
}

function accept(model: Model, outcome: ReturnType<Model['forCreate']>): Values {
  if ('issues' in outcome) throw refuse(model, outcome.issues)
  return outcome.value
}

function sum(model: Model, before: StoredRow, name: string, added: unknown): unknown {
  const value = before[name]
  const column = model.column.get(name)
  if (column?.comparison !== 'number')
    throw refuse(model, [{ path: [name], message: 'is no number: nothing can be added to it' }])
  const more = column.scale === undefined ? added : partsOf(added, column.scale)
  if (typeof more !== 'number' && typeof more !== 'bigint') {
    throw refuse(model, [
      { path: [name], message: `must be given a ${column.scale === undefined ? 'number' : 'decimal'} to add` },
    ])
  }
  if (typeof value !== 'number') throw refuse(model, [{ path: [name], message: 'is null: nothing can be added to it' }])
  return column.scale === undefined ? value + Number(more) : decimalOf(BigInt(value) + BigInt(more), column.scale)
}

export function isAdd(value: unknown): value is { readonly '~add': unknown } {
  return isRecord(value) && '~add' in value
}

/** A row that was read and is written back names the file that it has, as it was shown, and an upload that is given once more
 * tells nothing of what was made of it; that is no change. */
function isSameFile(before: unknown, value: unknown): boolean {
  return isFile(before) && isRecord(value) && value.id === before.id && (!isFile(value) || value.media === undefined)
}

/** The value as a later read gives it, so that answers, the change log and the table agree. */
function storable(model: Model, column: Column, given: unknown): unknown {
  const value = column.facts.kind === 'json' && given !== undefined ? plainJson(model, column, given) : given
  // null is JSON, and no value of a column that must have one
  if (value === null && !column.nullable) throw refuse(model, [{ path: [column.name], message: 'must not be null' }])
  if (value === undefined || value === null) return null
  // the validator has made it canonical
  if (column.scale !== undefined) return Number(partsOf(value, column.scale))
  if (column.facts.kind === 'file') return fileFacts(model, column, value)
  // dates can be changed in place, and this one is the caller's
  return value instanceof Date ? new Date(value) : value
}

function plainJson(model: Model, column: Column, value: unknown): unknown {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch {
    // a ring or a bigint: the issue below says what is needed instead
  }
  if (text === undefined) throw refuse(model, [{ path: [column.name], message: 'must be a value that JSON can hold' }])
  const plain: unknown = JSON.parse(text)
  const message = whyNoDatabase(plain)
  if (message !== undefined) throw refuse(model, [{ path: [column.name], message }])
  return plain
}

function fileFacts(model: Model, column: Column, value: unknown) {
  if (!isFile(value)) throw refuse(model, [{ path: [column.name], message: 'must be a file that was received' }])
  const { id, name, type, size, key, media } = value
  return { id, name, type, size, key, ...(media !== undefined && { media }) }
}

function isSame(before: unknown, after: unknown): boolean {
  const one = comparable(before)
  const other = comparable(after)
  if (one !== undefined || other !== undefined) return one === other
  return JSON.stringify(before) === JSON.stringify(after)
}

function refuse(model: Model, issues: readonly Issue[]) {
  return invalid(issues, `values for ${model.name}`)
}
