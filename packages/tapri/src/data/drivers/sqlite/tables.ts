import type { ColumnType } from '../../migration/state.ts'
import { sql } from '../sql/kysely.ts'
import { TableTexts } from '../sql/tables.ts'

export const storageOf: Readonly<Record<ColumnType, string>> = {
  text: 'TEXT',
  json: 'TEXT',
  int: 'INTEGER',
  bool: 'INTEGER',
  time: 'INTEGER',
  float: 'REAL',
}

export const tables = new TableTexts({
  storage: storageOf,
  options: ' strict',
  literal: (fill) => sql.lit(typeof fill === 'boolean' ? Number(fill) : fill),
  // The data room deletes what depends on a row itself, so that the change log has it; this fence stands behind it.
  reference: (_table, _column, target) => sql` references ${sql.table(target)} (id) deferrable initially deferred`,
})
