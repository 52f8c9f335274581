import { createHash } from 'node:crypto'
import type { Catalog, Column, Model } from '../catalog.ts'
import type { ColumnState, ColumnType, Fill, IndexState, TableState } from './state.ts'

/** The tables that the models need. */
export function wantedTables(catalog: Catalog): TableState[] {
  return [...catalog.values()].map((model) => ({
    name: model.name,
    columns: model.stored.map(columnState),
    indexes: indexesOf(model),
    ours: true,
  }))
}

/** What a row that is there gets in a column that comes new: the default, or nothing. */
export function fillOf(column: Column, now: number): Fill {
  const fallback = column.facts.default
  if (column.facts.kind === 'time' && fallback === 'now') return now
  const isPlain = typeof fallback === 'string' || typeof fallback === 'number' || typeof fallback === 'boolean'
  return isPlain ? fallback : null
}

const types: Readonly<Record<string, ColumnType>> = {
  int: 'int',
  float: 'float',
  bool: 'bool',
  time: 'time',
  json: 'json',
  list: 'json',
  file: 'json',
}

export function columnType({ facts }: Column): ColumnType {
  return types[facts.kind] ?? 'text'
}

function columnState(column: Column): ColumnState {
  const { facts } = column
  return {
    name: column.name,
    type: columnType(column),
    nullable: column.nullable,
    ...(facts.kind === 'belongsTo' && { target: facts.target }),
  }
}

const prefix = 'tapri_'

/** Indexes that a migration made, also when the table had another name; those made by hand have other names and stay. */
export function isOurIndex(model: Model, index: IndexState): boolean {
  return [model.name, ...model.was].some((table) => index.name.startsWith(`${prefix}${table}_`.slice(0, longestName - 17)))
}

function indexesOf(model: Model): IndexState[] {
  const unique = model.unique.map((columns) => indexOf(model, columns, true))
  const plain = model.index.map((columns) => indexOf(model, columns, false))
  // deletes and `hasMany` look these up
  const references = model.references.map(({ column }) => indexOf(model, [column.name], false))
  const all = [...unique, ...plain, ...references]
  // an index that begins with the column serves as well
  const needed = all.filter((one, at) => !all.some((other, otherAt) => other !== one && serves(other, otherAt, one, at)))
  return [...needed, ...wordsIndexes(model)]
}

function wordsIndexes(model: Model): IndexState[] {
  if (model.search.length === 0) return []
  return [{ name: wordsIndexName(model), columns: wordsColumns(model), unique: false, words: true }]
}

/** The name of the index that finds the words of the model. */
export function wordsIndexName(model: Model): string {
  return nameOf(model, [], 'words')
}

function wordsColumns({ search }: Model): string[] {
  return search.map(({ words }) => words.name).sort()
}

function serves(other: IndexState, otherAt: number, one: IndexState, at: number): boolean {
  if (one.unique || !one.columns.every((column, index) => other.columns[index] === column)) return false
  return other.columns.length > one.columns.length || other.unique || otherAt < at
}

function indexOf(model: Model, columns: readonly string[], unique: boolean): IndexState {
  return { name: nameOf(model, columns, unique ? 'unique' : 'index'), columns, unique }
}

/** The name of the index that keeps these columns unique. */
export function uniqueName(model: Model, columns: readonly string[]): string {
  return nameOf(model, columns, 'unique')
}

/** The columns of the index of that name; undefined when it is none of ours. */
export function columnsOfIndex(model: Model, name: string): readonly string[] | undefined {
  return indexesOf(model).find((index) => index.name === name)?.columns
}

/** Databases cut longer names off, each in its own way. */
const longestName = 63

function nameOf(model: Model, columns: readonly string[], ending: string): string {
  const name = prefix + [model.name, ...columns, ending].join('_')
  if (name.length <= longestName) return name
  return `${name.slice(0, longestName - 17)}_${createHash('sha256').update(name).digest('hex').slice(0, 16)}`
}
