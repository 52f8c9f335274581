import type { ColumnState, ColumnType, IndexState, TableState } from '../../migration/state.ts'
import type { Sql, SqlRow } from '../sql/dialect.ts'
import { columnComment, isHash, ourComment } from './tables.ts'
import { markedColumns } from './words.ts'

const bookkeeping = "('tapri_meta', 'tapri_changes', 'tapri_migrations', 'tapri_turn', 'tapri_sequence')"
const here = `table_schema = database() and table_name not in ${bookkeeping}`

const tablesQuery = `select table_name, table_comment from information_schema.tables where table_type = 'BASE TABLE' and ${here} order by table_name`

const columnsQuery = `select table_name, column_name, data_type, is_nullable, column_comment from information_schema.columns where ${here} order by table_name, ordinal_position`

const referencesQuery = `select table_name, column_name, referenced_table_name, constraint_name from information_schema.key_column_usage where referenced_table_name is not null and ${here}`

const indexesQuery = `select table_name, index_name, non_unique, column_name from information_schema.statistics where index_name <> 'PRIMARY' and ${here} order by table_name, index_name, seq_in_index`

type Ask = (statement: Sql) => Promise<SqlRow[]>
export interface Reference {
  readonly table: string
  readonly column: string
  readonly target: string
  /** The constraint's. */
  readonly name: string
}

/** The tables of the database, but for those of the book-keeping. */
export async function inspect(ask: Ask): Promise<TableState[]> {
  const references = await inspectReferences(ask)
  const indexes = await inspectIndexes(ask)
  const columns = await inspectColumns(ask, references)
  const found = (await ask({ sql: tablesQuery, parameters: [] })).map(
    ([name, comment]) => [String(name), String(comment)] as const,
  )
  const words = found.flatMap(([name, comment]) => wordsIndex(name, comment))
  const tables = found.filter(([name]) => !words.some((index) => index.name === name))
  return tables.map(([name, comment]) => {
    const own = words.filter((index) => references.some(({ table, target }) => table === index.name && target === name))
    const all = [...(indexes.get(name) ?? []), ...own]
    return { name, columns: columns.get(name) ?? [], indexes: all, ours: comment === ourComment }
  })
}

function wordsIndex(name: string, comment: string): IndexState[] {
  const columns = markedColumns(comment)
  return columns === undefined ? [] : [{ name, columns: columns.sort(), unique: false, words: true }]
}

export async function inspectReferences(ask: Ask): Promise<Reference[]> {
  const rows = await ask({ sql: referencesQuery, parameters: [] })
  return rows.map(([table, column, target, name]) => ({
    table: String(table),
    column: String(column),
    target: String(target),
    name: String(name),
  }))
}

async function inspectColumns(ask: Ask, references: readonly Reference[]): Promise<Map<string, ColumnState[]>> {
  const columns = new Map<string, ColumnState[]>()
  for (const [table, column, stored, nullable, comment] of await ask({ sql: columnsQuery, parameters: [] })) {
    const name = String(column)
    if (isHash(name)) continue
    const reference = references.find((each) => each.table === table && each.column === name)
    const state = {
      name,
      type: typeOf(String(comment), String(stored)),
      nullable: nullable === 'YES',
      ...(reference !== undefined && { target: reference.target }),
    }
    columns.set(String(table), [...(columns.get(String(table)) ?? []), state])
  }
  return columns
}

async function inspectIndexes(ask: Ask): Promise<Map<string, IndexState[]>> {
  const found = new Map<string, IndexState[]>()
  for (const [table, index, several, column] of await ask({ sql: indexesQuery, parameters: [] })) {
    const indexes = found.get(String(table)) ?? []
    found.set(String(table), indexes)
    const known = indexes.at(-1)?.name === index ? indexes.pop() : undefined
    // an index on expressions names no columns
    const named = typeof column === 'string' && !isHash(column) ? [column] : []
    indexes.push({ name: String(index), unique: Number(several) === 0, columns: [...(known?.columns ?? []), ...named] })
  }
  return found
}

const known: ReadonlySet<string> = new Set<ColumnType>(['text', 'int', 'float', 'bool', 'time', 'json'])
const inferred: Readonly<Record<string, ColumnType>> = {
  bigint: 'int',
  int: 'int',
  double: 'float',
  float: 'float',
  tinyint: 'bool',
  json: 'json',
}

function typeOf(comment: string, stored: string): ColumnType {
  const told = comment.startsWith(columnComment) ? comment.slice(columnComment.length) : ''
  return isType(told) ? told : (inferred[stored.toLowerCase()] ?? 'text')
}

function isType(told: string): told is ColumnType {
  return known.has(told)
}
