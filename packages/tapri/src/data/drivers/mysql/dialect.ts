import type { Column } from '../../catalog.ts'
import type { Dialect, SqlValue } from '../sql/dialect.ts'
import { mysqlBuilder, type Operand, sql } from '../sql/kysely.ts'
import { pathText } from '../sql/shape.ts'
import { codecOf } from './codec.ts'
import { contains, type Flavour } from './flavour.ts'
import { words } from './words.ts'

/** A list of more values than this is one JSON text: a statement has only so many places. */
const mostPlaces = 1024

/** Every text column has the flavour's collation, and so have the values of its sessions: nothing compares otherwise. */
export function dialectOf(flavour: Flavour): Dialect {
  return {
    builder: mysqlBuilder(),
    codec: codecOf(flavour.deepestJson),
    words,
    locksRows: true,
    casts: { text: 'char', float: 'double' },
    truth: (holds) => sql<boolean>`${sql.raw(holds ? '1 = 1' : '1 = 0')}`,
    differs: (operand, value) => sql<boolean>`not (${operand} <=> ${value})`,
    ordered: (operand) => operand,
    // nulls are first in this order, and last turned round
    sorted: (operand, down) => sql`${operand} ${sql.raw(down ? 'desc' : 'asc')}`,
    listed,
    isIn(operand, column, list) {
      if (list.length > 1) return sql<boolean>`${operand} in (${sql.join(list)})`
      const type = column.comparison === 'text' ? `longtext character set utf8mb4 collate ${flavour.collation}` : 'bigint'
      const items = sql`json_table(${list[0]}, '$[*]' columns (item ${sql.raw(type)} path '$')) as tapri_items`
      return sql<boolean>`${operand} in (select item from ${items})`
    },
    textValues: (sign, part) => (sign === 'contains' ? [part] : [[...part].length, part]),
    hasText(operand, sign, [first, second]) {
      if (sign === 'contains') return sql<boolean>`locate(${first}, ${operand}) > 0`
      const part = sign === 'startsWith' ? sql`left(${operand}, ${first})` : sql`right(${operand}, ${first})`
      return sql<boolean>`${part} = ${second}`
    },
    jsonValues,
    isJson(operand, values) {
      const holds = values.slice(0, -2).map((list) => isList(operand, list, flavour))
      const isThere = sql<boolean>`${holds.length === 0 ? sql.raw('1 = 1') : sql.join(holds, sql` and `)}`
      const value = flavour.jsonAt(operand, values.at(-2), isThere)
      return sql<boolean>`(${value} = ${flavour.comparedJson(values.at(-1))})`
    },
    hasItem(operand, { facts }, item) {
      const isNumber = facts.kind === 'list' && (facts.of.kind === 'int' || facts.of.kind === 'float')
      return isNumber ? flavour.hasNumber(operand, item) : contains(operand, item)
    },
  }
}

/**
 * Repeats the last value until there are two, four, eight …: few statements serve lists of any length, and one value by
 * itself is a JSON list. Fractions are never in JSON, where another routine would read them.
 */
function listed(column: Column, values: readonly SqlValue[]): readonly SqlValue[] {
  if (values.length > mostPlaces && column.facts.kind !== 'float') return [JSON.stringify(values)]
  const length = 2 ** Math.ceil(Math.log2(Math.max(values.length, 2)))
  return Array.from({ length }, (_, at) => values[Math.min(at, values.length - 1)] ?? null)
}

/** Places in a list must be told apart from a value by itself, which the server would take for a list of one. */
function jsonValues(path: readonly (string | number)[], json: string): readonly SqlValue[] {
  return [...path.flatMap((step, at) => (typeof step === 'number' ? [pathText(path.slice(0, at))] : [])), pathText(path), json]
}

function isList(operand: Operand, path: SqlValue, { collation }: Flavour): Operand {
  // names of types have a collation of their own
  const list = sql`'ARRAY' collate ${sql.raw(collation)}`
  return sql`coalesce(json_type(json_extract(${operand}, ${path})) = ${list}, 0)`
}
