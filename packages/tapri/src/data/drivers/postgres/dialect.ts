import type { Dialect } from '../sql/dialect.ts'
import { postgresBuilder, sql } from '../sql/kysely.ts'
import { codec } from './codec.ts'
import { words } from './words.ts'

/** Texts are COLLATE "C": they compare byte by byte, which in UTF-8 is by code point. */
export const dialect: Dialect = {
  builder: postgresBuilder(),
  codec,
  words,
  locksRows: true,
  truth: (holds) => sql<boolean>`${sql.raw(holds ? 'true' : 'false')}`,
  differs: (operand, value) => sql<boolean>`${operand} is distinct from ${value}`,
  ordered: (operand, column) => (column.comparison === 'boolean' ? sql`${operand}::int` : operand),
  // where there are no nulls, to say where they go would keep the server from using an index
  sorted(operand, down, nullable) {
    const nulls = down ? ' nulls last' : ' nulls first'
    return sql`${operand} ${sql.raw(`${down ? 'desc' : 'asc'}${nullable ? nulls : ''}`)}`
  },
  listed: (_column, values) => [plain(values)],
  isIn: (operand, _column, [list]) => sql<boolean>`${operand} = any(${list})`,
  textValues: (sign, part) => (sign === 'endsWith' ? [[...part].length, part] : [part]),
  hasText(operand, sign, [first, second]) {
    if (sign === 'contains') return sql<boolean>`strpos(${operand}, ${first}) > 0`
    if (sign === 'startsWith') return sql<boolean>`starts_with(${operand}, ${first})`
    return sql<boolean>`right(${operand}, ${first}) = ${second}`
  },
  // strict: a name does not look into the items of a list; what is not there is no error but nothing
  isJson(operand, [path, json]) {
    const value = sql`jsonb_path_query_first(${operand}::jsonb, ('strict ' || ${path}::text)::jsonpath, '{}', true)`
    return sql<boolean>`(coalesce(${value}, 'null'::jsonb) = ${json}::jsonb)`
  },
  // jsonb compares numbers by value; an item is contained in the list that has it
  hasItem: (operand, _column, item) => sql<boolean>`coalesce(${operand}::jsonb @> ${item}::jsonb, false)`,
}

// The values of a list are those of a text, number, boolean or time column, and those the codec gives as one of these.
function plain(values: readonly unknown[]) {
  return values as readonly (string | number | boolean | null)[]
}
