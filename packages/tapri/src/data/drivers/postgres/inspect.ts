import type { ColumnState, ColumnType, IndexState, TableState } from '../../migration/state.ts'
import type { Sql, SqlRow } from '../sql/dialect.ts'

/** What a table that a migration of ours has made says of itself. */
export const ourComment = 'made by tapri'

const bookkeeping = "('tapri_meta', 'tapri_changes', 'tapri_migrations', 'tapri_turn')"
const here = `c.relnamespace = (select oid from pg_namespace where nspname = current_schema()) and c.relname not in ${bookkeeping}`

const columnsQuery = `select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, obj_description(c.oid, 'pg_class') from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped where c.relkind in ('r', 'p') and ${here} order by c.relname, a.attnum`

const referencesQuery = (which: string) =>
  `select c.relname, a.attname, t.relname, k.conname from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class t on t.oid = k.confrelid join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1] where k.contype = 'f' and ${which} and ${here}`

const names =
  'select array_to_json(array_agg(a.attname order by k.place)) from unnest(x.indkey) with ordinality k(number, place) join pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.number'
/** Those that expressions of an index are made of. */
const behind =
  "select array_to_json(array_agg(a.attname)) from pg_depend d join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid where d.classid = 'pg_class'::regclass and d.objid = i.oid and d.refobjid = c.oid"
const isWords = "x.indexprs is not null and m.amname = 'gin' and i.relname like 'tapri%'"
const indexesQuery = `select c.relname, i.relname, x.indisunique, (${names})::text, case when ${isWords} then (${behind})::text end from pg_index x join pg_class c on c.oid = x.indrelid join pg_class i on i.oid = x.indexrelid join pg_am m on m.oid = i.relam where not x.indisprimary and x.indisvalid and ${here} order by i.relname`

/** An index of that name whose making was not ended. */
export const invalidIndexes = `select i.relname from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class c on c.oid = x.indrelid where not x.indisvalid and i.relname = $1 and ${here}`

type Ask = (statement: Sql) => Promise<SqlRow[]>
export interface Reference {
  readonly table: string
  readonly column: string
  readonly target: string
  /** The constraint's. */
  readonly name: string
}

/** The tables of the schema, but for those of the book-keeping. */
export async function inspect(ask: Ask): Promise<TableState[]> {
  const references = await inspectReferences(ask)
  const indexes = await inspectIndexes(ask)
  const tables = new Map<string, TableState & { readonly columns: ColumnState[] }>()
  for (const [tableName, columnName, type, required, comment] of await ask({ sql: columnsQuery, parameters: [] })) {
    const name = String(tableName)
    const column = String(columnName)
    const table = tables.get(name) ?? { name, columns: [], indexes: indexes.get(name) ?? [], ours: comment === ourComment }
    tables.set(name, table)
    const reference = references.find((each) => each.table === name && each.column === column)
    table.columns.push({
      name: column,
      type: types[String(type)] ?? 'text',
      nullable: required !== true,
      ...(reference !== undefined && { target: reference.target }),
    })
  }
  return [...tables.values()]
}

export function inspectReferences(ask: Ask): Promise<Reference[]> {
  return readReferences(ask, 'true')
}

/** Those that hold for new rows, and were not proved for those that were there. */
export function openReferences(ask: Ask): Promise<Reference[]> {
  return readReferences(ask, 'not k.convalidated')
}

async function readReferences(ask: Ask, which: string): Promise<Reference[]> {
  const rows = await ask({ sql: referencesQuery(which), parameters: [] })
  return rows.map(([table, column, target, name]) => ({
    table: String(table),
    column: String(column),
    target: String(target),
    name: String(name),
  }))
}

async function inspectIndexes(ask: Ask): Promise<ReadonlyMap<string, readonly IndexState[]>> {
  const indexes = new Map<string, IndexState[]>()
  for (const [table, name, unique, columns, behind] of await ask({ sql: indexesQuery, parameters: [] })) {
    const plain = { name: String(name), columns: listOf(columns), unique: unique === true }
    const index = behind === null ? plain : { ...plain, columns: listOf(behind).sort(), words: true as const }
    indexes.set(String(table), [...(indexes.get(String(table)) ?? []), index])
  }
  return indexes
}

/** An index on expressions names no columns. */
function listOf(text: unknown): string[] {
  const names: unknown = typeof text === 'string' ? JSON.parse(text) : []
  return Array.isArray(names) ? names.map(String) : []
}

const types: Readonly<Record<string, ColumnType>> = {
  bigint: 'int',
  integer: 'int',
  'double precision': 'float',
  boolean: 'bool',
  'timestamp(3) with time zone': 'time',
  'timestamp with time zone': 'time',
  json: 'json',
  jsonb: 'json',
}
