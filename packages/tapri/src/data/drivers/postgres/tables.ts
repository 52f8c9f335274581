import type { ColumnType, Fill } from '../../migration/state.ts'
import { type Operand, sql } from '../sql/kysely.ts'
import { TableTexts } from '../sql/tables.ts'
import { writeMoment } from './moment.ts'
import { overWords } from './words.ts'

export const storageOf: Readonly<Record<ColumnType, string>> = {
  text: 'text collate "C"',
  // keeps the text as it was written; jsonb would sort its keys
  json: 'json',
  int: 'bigint',
  bool: 'boolean',
  time: 'timestamp(3) with time zone',
  float: 'double precision',
}

/** Foreign keys are added when every table is there. */
export const tables = new TableTexts({ storage: storageOf, options: '', literal, words: overWords, reference: () => sql.raw('') })

function literal(fill: Fill, type: ColumnType): Operand {
  if (type === 'time' && typeof fill === 'number') return sql.lit(writeMoment(fill))
  return type === 'json' && fill !== null ? sql.lit(JSON.stringify(fill)) : sql.lit(fill)
}
