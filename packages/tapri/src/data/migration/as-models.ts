import { belongsTo, bool, type Field, float, int, json, optional, text, time } from '../../schema/index.ts'
import { model } from '../model.ts'
import type { Models, Shape } from '../rows.ts'
import { wordsColumn } from '../words.ts'
import type { ColumnState, ColumnType, TableState } from './state.ts'

/**
 * Tables as models, as they are at this moment: what a migration file works with, whose app may have other models by
 * then. What only a model knows (lengths, `version`, what is private) is not there.
 */
export function tablesAsModels(tables: readonly TableState[]): { readonly app: Models; readonly internal: Models } {
  const ours = tables.filter((table) => table.ours)
  const models = ours.map((table) => [table.name, asModel(table, ours)] as const)
  const isInternal = ([name]: readonly [string, Shape]) => name.startsWith('tapri_')
  return {
    app: Object.fromEntries(models.filter((each) => !isInternal(each))),
    internal: Object.fromEntries(models.filter(isInternal)),
  }
}

function asModel({ columns, indexes }: TableState, tables: readonly TableState[]): Shape {
  const isWords = (column: ColumnState) => columns.some((each) => column.name === wordsColumn(each.name).name)
  const own = columns.filter((column) => column.name !== 'id' && !isWords(column))
  const shape = Object.fromEntries(own.map((column) => [column.name, fieldOf(column, tables)]))
  // words of fields that are not searched any more may still be there
  const kept = indexes.find((index) => index.words)?.columns ?? columns.map(({ name }) => name)
  const searched = own.filter(({ name }) => kept.includes(wordsColumn(name).name))
  const unique = indexes.filter((index) => index.unique).map((index) => index.columns)
  // the names come from the table, so no type can know them
  return model<Shape>(shape, { unique: unique.map(asNames), search: asNames(searched.map(({ name }) => name)) })
}

// Of a shape that is made at run time the type knows no field, so that no name is one of its names.
function asNames(names: readonly string[]): readonly never[] {
  return names as readonly never[]
}

const longest = 100_000_000
const plain: Readonly<Record<ColumnType, Field<unknown>>> = {
  text: text({ max: longest }),
  int: int(),
  float: float(),
  bool: bool(),
  time: time(),
  json: json(),
}

function fieldOf({ type, nullable, target }: ColumnState, tables: readonly TableState[]): Shape[string] {
  const isThere = target !== undefined && tables.some(({ name }) => name === target)
  const field = isThere ? belongsTo(target) : plain[type]
  return nullable ? optional(field) : field
}
