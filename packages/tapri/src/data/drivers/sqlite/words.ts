import type { IndexState } from '../../migration/state.ts'
import { wordsIndexName } from '../../migration/wanted.ts'
import type { WordsDialect } from '../sql/dialect.ts'
import { type Operand, sql } from '../sql/kysely.ts'
import type { Connection } from './connection.ts'

/**
 * An index of words is a table of FTS5's that keeps no words of its own (https://sqlite.org/fts5.html#external_content_tables)
 * and follows the columns by triggers. `ascii` takes every sign that is not ASCII for a letter, so that words end at our
 * spaces and nowhere else. It knows rows by their rowid, which VACUUM keeps for tables that have an index, as ours have by
 * their id; whatever copies a table makes its index anew.
 */
export const words: WordsDialect = {
  asked: (each) => each,
  // words are letters and digits alone
  values: (each) => [each.map((word) => `"${word}"*`).join(' ')],
  test(alias, [query], { model }) {
    const index = sql.id(wordsIndexName(model))
    return sql<boolean>`${sql.ref(`${alias}.rowid`)} in (select rowid from ${index} where ${index} match ${query})`
  },
}

/** The statements that make an index of words for the rows that are there; what is left of another goes. */
export function createWords(table: string, { name, columns }: IndexState): Operand[] {
  const names = columns.map((column) => sql.id(column))
  const index = sql.id(name)
  const on = sql.table(table)
  const options = sql`content=${sql.lit(table)}, tokenize='ascii', prefix='2 3', detail=none`
  const add = sql`insert into ${index} (rowid, ${sql.join(names)}) values (new.rowid, ${sql.join(valuesOf('new', columns))})`
  const gone = sql.join(valuesOf('old', columns))
  const take = sql`insert into ${index} (${index}, rowid, ${sql.join(names)}) values ('delete', old.rowid, ${gone})`
  const [insert, update, remove] = triggersOf(name).map((trigger) => sql.id(trigger))
  return [
    ...dropWords({ name }),
    sql`create virtual table ${index} using fts5(${sql.join(names)}, ${options})`,
    sql`create trigger ${insert} after insert on ${on} begin ${add}; end`,
    sql`create trigger ${update} after update of ${sql.join(names)} on ${on} begin ${take}; ${add}; end`,
    sql`create trigger ${remove} after delete on ${on} begin ${take}; end`,
    sql`insert into ${index} (${index}) values ('rebuild')`,
  ]
}

export function dropWords({ name }: Pick<IndexState, 'name'>): Operand[] {
  const triggers = triggersOf(name).map((trigger) => sql`drop trigger if exists ${sql.id(trigger)}`)
  return [...triggers, sql`drop table if exists ${sql.id(name)}`]
}

/** The indexes of words that are there with all that keeps them right, each with the table that it is of. */
export function inspectWords(connection: Connection): (IndexState & { readonly table: string })[] {
  const found = connection.rows({
    sql: `SELECT v.name, t.tbl_name, (SELECT json_group_array(name) FROM pragma_table_info(v.name))
      FROM sqlite_schema v JOIN sqlite_schema t ON t.type = 'trigger'
        AND t.name IN (v.name || '_insert', v.name || '_update', v.name || '_delete')
      WHERE v.type = 'table' AND v.name LIKE 'tapri~_%' ESCAPE '~' AND v.sql LIKE 'create virtual table%using fts5%'
      GROUP BY v.name, t.tbl_name HAVING count(*) = 3`,
    parameters: [],
  })
  return found.map(([name, table, columns]) => {
    const names: readonly unknown[] = JSON.parse(String(columns))
    return { name: String(name), table: String(table), columns: names.map(String).sort(), unique: false, words: true }
  })
}

function triggersOf(index: string): string[] {
  return ['insert', 'update', 'delete'].map((event) => `${index}_${event}`)
}

function valuesOf(row: 'new' | 'old', columns: readonly string[]): Operand[] {
  return columns.map((column) => sql.ref(`${row}.${column}`))
}
