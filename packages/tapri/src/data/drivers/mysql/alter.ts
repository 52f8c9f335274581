import {
  type ColumnState,
  type Fill,
  type IndexState,
  isSameIndex,
  type MigrationAction,
  type TableState,
} from '../../migration/state.ts'
import { type Operand, sql } from '../sql/kysely.ts'
import type { Flavour } from './flavour.ts'
import type { Reference } from './inspect.ts'
import { columnOf, hashedColumns, hashName, type TableTexts } from './tables.ts'
import { createWords, dropWords, markWords } from './words.ts'

/** What an action does to the columns of a table. */
export interface Reshape {
  readonly added?: ColumnState
  readonly fill?: Fill
  readonly changed?: ColumnState
  readonly dropped?: string
  readonly renamed?: { readonly from: string; readonly to: string }
}

export interface Tables {
  readonly before: TableState
  readonly after: TableState
  /** Those of the table as it is. */
  readonly references: readonly Reference[]
}

/** The parts of one ALTER TABLE: indexes and hashes that touch what changes are made anew around it. */
export function alterClauses(texts: TableTexts, { before, after, references }: Tables, shape: Reshape): Operand[] {
  const touched = new Set([shape.changed?.name, shape.dropped, shape.renamed?.from])
  const isTouched = (index: IndexState) => index.columns.some((column) => touched.has(column))
  const stays = (index: IndexState) => !isTouched(index) && after.indexes.some((each) => isSameIndex(each, index))
  const goneIndexes = before.indexes.filter((index) => !index.words && !stays(index))
  const keptIndexes = before.indexes.filter(stays)
  const newIndexes = after.indexes.filter((index) => !index.words && !keptIndexes.some((each) => isSameIndex(each, index)))
  const hashed = hashedColumns(before)
  const keptHashes = hashed.filter((column) => !touched.has(column) && hashedColumns(after).includes(column))
  const goneHashes = hashed.filter((column) => !keptHashes.includes(column))
  const newHashes = hashedColumns(after).filter((column) => !keptHashes.includes(column))
  const goneReferences = references.filter((reference) => !staysReference(reference, keptIndexes, newIndexes, shape, after))
  return [
    ...goneReferences.map(({ name }) => sql`drop foreign key ${sql.id(name)}`),
    ...goneIndexes.map(({ name }) => sql`drop index ${sql.id(name)}`),
    ...goneHashes.map((column) => sql`drop column ${sql.id(hashName(column))}`),
    ...columnClauses(texts, shape),
    ...newHashes.map((column) => sql`add column ${texts.hash(column)}`),
    ...newIndexes.map((index) => sql`add ${texts.index(after, index)}`),
  ]
}

/** What becomes of indexes of words, which are tables of their own. */
export function wordsStatements(before: TableState, after: TableState, flavour: Flavour): Operand[] {
  const words = (table: TableState) => table.indexes.filter((index) => index.words)
  const made = words(after).filter((index) => !words(before).some((each) => isSameIndex(each, index)))
  const gone = words(before).filter((index) => !words(after).some((each) => each.name === index.name))
  // one whose column was renamed has its words already
  const statementsOf = (index: IndexState) =>
    words(before).some(({ name }) => name === index.name) ? [markWords(index)] : createWords(after.name, index, flavour)
  return [...gone.map(dropWords), ...made.flatMap(statementsOf)]
}

function columnClauses(texts: TableTexts, { added, fill = null, changed, dropped, renamed }: Reshape): Operand[] {
  return [
    ...(dropped === undefined ? [] : [sql`drop column ${sql.id(dropped)}`]),
    ...(added === undefined ? [] : [sql`add column ${texts.column(added, fill)}`]),
    ...(changed === undefined ? [] : [sql`modify column ${texts.column(changed)}`]),
    ...(renamed === undefined ? [] : [sql`rename column ${sql.id(renamed.from)} to ${sql.id(renamed.to)}`]),
  ]
}

/** The server looks references up in an index that begins with their column, and lets nobody take the last one away. */
function staysReference(
  { column, target }: Reference,
  kept: readonly IndexState[],
  made: readonly IndexState[],
  { changed, dropped, renamed }: Reshape,
  after: TableState,
): boolean {
  if (dropped === column || changed?.name === column) return false
  const name = renamed?.from === column ? renamed.to : column
  return columnOf(after, name)?.target === target && [...kept, ...made].some(({ columns }) => columns[0] === name)
}

/** References that the tables must have and do not, in tables that the actions have touched. */
export function lostReferences(
  tables: readonly TableState[],
  references: readonly Reference[],
  actions: readonly MigrationAction[],
): Omit<Reference, 'name'>[] {
  const touched = new Set(actions.flatMap((action) => namesOf(action)))
  return tables
    .filter(({ name }) => touched.has(name))
    .flatMap(({ name: table, columns }) =>
      columns.flatMap(({ name: column, target }) => (target === undefined ? [] : [{ table, column, target }])),
    )
    .filter(({ table, column }) => !references.some((each) => each.table === table && each.column === column))
}

function namesOf(action: MigrationAction): string[] {
  if (action.kind === 'create table') return [action.table.name]
  return action.kind === 'rename table' ? [action.table, action.to] : [action.table]
}
