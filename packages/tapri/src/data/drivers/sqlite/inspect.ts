import type { ColumnState, ColumnType, Fill, IndexState, TableState } from '../../migration/state.ts'
import { sql } from '../sql/kysely.ts'
import type { Connection } from './connection.ts'
import { dialect } from './dialect.ts'
import { storageOf } from './tables.ts'
import { inspectWords } from './words.ts'

/** SQLite knows only three of our column types, so what a migration made is remembered in tapri_meta. */
const snapshotName = 'schema'

// a PRAGMA would tell what this connection knows, which another process may have changed
const tablesQuery = `SELECT name FROM sqlite_schema AS s WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'
  AND name NOT IN ('tapri_meta', 'tapri_changes', 'tapri_migrations', 'tapri_outside', 'tapri_own') AND NOT EXISTS (
    SELECT 1 FROM sqlite_schema AS v WHERE v.type = 'table' AND v.sql LIKE 'create virtual table%'
      AND s.name IN (v.name, v.name || '_data', v.name || '_idx', v.name || '_content', v.name || '_docsize', v.name || '_config'))
  ORDER BY name`

/** The tables that are there, but for those of SQLite's own, of its modules and of the book-keeping. */
export function inspect(connection: Connection): TableState[] {
  const remembered = new Map(readSnapshot(connection).map((table) => [table.name, table]))
  const names = connection.rows({
    sql: tablesQuery,
    parameters: [],
  })
  const words = inspectWords(connection)
  return names.map(([name]) => {
    const table = inspectTable(connection, String(name), remembered.get(String(name)))
    const own = words.filter((index) => index.table === name).map(({ table: _, ...index }) => index)
    return { ...table, indexes: [...table.indexes, ...own] }
  })
}

export function saveSnapshot(connection: Connection, tables: readonly TableState[]): void {
  connection.write({
    sql: 'INSERT INTO tapri_meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    parameters: [snapshotName, JSON.stringify(tables.filter((table) => table.ours))],
  })
}

function readSnapshot(connection: Connection): readonly TableState[] {
  const text = connection.value('SELECT value FROM tapri_meta WHERE name = ?', snapshotName)
  return typeof text === 'string' ? asTables(JSON.parse(text)) : []
}

// Only `saveSnapshot` writes that row.
function asTables(value: unknown): readonly TableState[] {
  return value as readonly TableState[]
}

function inspectTable(connection: Connection, name: string, known: TableState | undefined): TableState {
  const targets = new Map<string, string>()
  for (const [, , target, from] of pragma(connection, 'foreign_key_list', name)) targets.set(String(from), String(target))
  const columns = pragma(connection, 'table_info', name).map(([, column, storage, required, fallback, key]): ColumnState => {
    const before = known?.columns.find((each) => each.name === column)
    const target = targets.get(String(column))
    const fill = before?.fill ?? fillOf(fallback)
    return {
      name: String(column),
      type: typeOf(String(storage), before?.type),
      nullable: required === 0 && key === 0,
      ...(target !== undefined && { target }),
      ...(fill !== undefined && { fill }),
    }
  })
  return { name, columns, indexes: indexesOf(connection, name), ours: known !== undefined }
}

/** Plain words and numbers only; a computed default is nothing that another table could be given. */
function fillOf(fallback: unknown): Fill | undefined {
  const text = String(fallback)
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return Number(text)
  return /^'(?:[^']|'')*'$/.test(text) ? text.slice(1, -1).replaceAll("''", "'") : undefined
}

function indexesOf(connection: Connection, table: string): IndexState[] {
  const made = pragma(connection, 'index_list', table).filter(([, , , origin]) => origin === 'c')
  return made.map(([, name, unique]) => ({
    name: String(name),
    columns: pragma(connection, 'index_info', String(name)).map(([, , column]) => String(column)),
    unique: unique === 1,
  }))
}

function pragma(connection: Connection, what: string, of: string) {
  return connection.rows({ sql: sql`PRAGMA ${sql.raw(what)}(${sql.id(of)})`.compile(dialect.builder).sql, parameters: [] })
}

const inferred: Readonly<Record<string, ColumnType>> = { INTEGER: 'int', INT: 'int', REAL: 'float', TEXT: 'text' }

function typeOf(storage: string, remembered: ColumnType | undefined): ColumnType {
  const upper = storage.toUpperCase()
  return remembered !== undefined && storageOf[remembered] === upper ? remembered : (inferred[upper] ?? 'text')
}
