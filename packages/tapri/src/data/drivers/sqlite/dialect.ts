import type { Column } from '../../catalog.ts'
import type { Condition } from '../../condition.ts'
import type { Dialect, SqlValue } from '../sql/dialect.ts'
import { type Fragment, sql, sqliteBuilder } from '../sql/kysely.ts'
import { codec } from './codec.ts'
import { goOn } from './connection.ts'
import { words } from './words.ts'

/** SQLite compares texts byte by byte and counts them in code points, as it must be. */
export const dialect: Dialect = {
  builder: sqliteBuilder(),
  codec,
  words,
  // calling out costs as much as looking at a row, so only some rows ask
  watch: (condition) => (isPlain(condition) ? onceIn(256) : onceIn(16)),
  truth: (holds) => sql<boolean>`${sql.raw(holds ? '1' : '0')}`,
  differs: (operand, value) => sql<boolean>`${operand} is not ${value}`,
  ordered: (operand) => operand,
  sorted: (operand, down) => sql`${operand} ${sql.raw(down ? 'desc' : 'asc')}`,
  // One JSON text keeps the statement the same for any number of values. Its numbers are read by another
  // routine than SQLite's own, so fractions are passed one by one.
  listed: (column, values) => (isExact(column) ? padded(values) : [JSON.stringify(values)]),
  isIn(operand, column, list) {
    const items = isExact(column) ? sql.join(list) : sql`select value from json_each(${list[0]})`
    return sql<boolean>`${operand} in (${items})`
  },
  // substr counts from the end when the number is negative
  textValues(sign, part) {
    if (sign === 'contains') return [part]
    const length = [...part].length
    return [sign === 'startsWith' ? length : -length, part]
  },
  hasText(operand, sign, [first, second]) {
    if (sign === 'contains') return sql<boolean>`instr(${operand}, ${first}) > 0`
    const part = sign === 'startsWith' ? sql`substr(${operand}, 1, ${first})` : sql`substr(${operand}, ${first})`
    return sql<boolean>`${part} = ${second}`
  },
  // `->` gives JSON as it was written, and every value is written by JSON.stringify
  isJson: (operand, [path, json]) => sql<boolean>`(coalesce(${operand} -> ${path}, 'null') = ${json})`,
  hasItem: (operand, _column, item) =>
    sql<boolean>`exists (select 1 from json_each(${operand}) as item where item.value is ${item})`,
}

/** Whether each row is judged by its own short values alone, in no time; a long text or other rows may take some. */
function isPlain(condition: Condition): boolean {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return condition.of.every(isPlain)
    case 'always':
    case 'never':
    case 'equal':
    case 'order':
      return true
    default:
      return false
  }
}

function onceIn(rows: number): Fragment {
  return sql<boolean>`(${sql.ref('r.rowid')} & ${sql.raw(String(rows - 1))} or ${sql.raw(goOn)}())`
}

/** Repeats the last value, so that a statement serves all lists up to the next power of two: 2^15 values are too many. */
function padded(values: readonly SqlValue[]): readonly SqlValue[] {
  const last = values.at(-1)
  const length = values.length > 2 ** 14 ? 30_000 : 2 ** Math.ceil(Math.log2(values.length))
  return last === undefined ? values : [...values, ...Array<SqlValue>(Math.max(0, length - values.length)).fill(last)]
}

function isExact(column: Column): boolean {
  return column.facts.kind === 'float'
}
