import type { SqlValue } from '../sql/dialect.ts'
import { type Fragment, type Operand, sql } from '../sql/kysely.ts'

/** What MySQL and MariaDB say each in its own way; the rest of this folder is the same for both. */
export interface Flavour {
  readonly name: string
  /** Compares texts by code point, and does not take spaces at the end for nothing. */
  readonly collation: string
  /** Lists in lists in JSON, as deep as the server's own functions look. */
  readonly deepestJson: number
  /** Settings of a session that the other one does not know; a timeout of 0 is none. */
  settings(timeout: number): string
  /** The JSON of one value, to be compared with that of others. */
  comparedJson(json: SqlValue | undefined): Operand
  /** The value at a path as it is compared with `comparedJson`. */
  jsonAt(operand: Operand, path: SqlValue | undefined, holds: Fragment): Operand
  /** Whether a list of numbers has the one whose JSON this is. */
  hasNumber(operand: Operand, item: SqlValue): Fragment
}

export const mysql: Flavour = {
  name: 'MySQL',
  collation: 'utf8mb4_0900_bin',
  deepestJson: 100,
  settings: (timeout) => `max_execution_time = ${timeout}`,
  comparedJson: (json) => sql`cast(${json} as json)`,
  jsonAt(operand, path, holds) {
    const nothing = sql`cast('null' as json)`
    return sql`if(${holds}, coalesce(json_extract(${operand}, ${path}), ${nothing}), ${nothing})`
  },
  hasNumber: contains,
}

export const mariadb: Flavour = {
  name: 'MariaDB',
  collation: 'utf8mb4_nopad_bin',
  deepestJson: 31,
  // MySQL sorts by the whole of a text that is not padded; here so many bytes of it count
  settings: (timeout) => `max_statement_time = ${timeout / 1000}, max_sort_length = 65536`,
  // it has no JSON of its own but texts, and every text here was made by JSON.stringify
  comparedJson: (json) => sql`${json}`,
  jsonAt: (operand, path, holds) => sql`if(${holds}, coalesce(json_extract(${operand}, ${path}), 'null'), 'null')`,
  // its json_contains takes 0.1 + 0.2 for 0.3, and 1e-300 for 0; one number is one text here, and no number has a comma
  hasNumber(operand, item) {
    const items = sql`concat(',', substring(${operand}, 2, char_length(${operand}) - 2), ',')`
    return sql<boolean>`(coalesce(locate(concat(',', ${item}, ','), ${items}), 0) > 0)`
  },
}

export function contains(operand: Operand, item: SqlValue): Fragment {
  return sql<boolean>`(coalesce(json_contains(${operand}, ${item}), 0) = 1)`
}

/** The oldest versions that have the collation, window functions and JSON as they are used here. */
const oldest = { MySQL: [8, 0, 19], MariaDB: [10, 6, 0] } as const

/** Which one a server is by its version; a text why not when it is too old. */
export function flavourOf(version: string): Flavour | string {
  const flavour = /mariadb/i.test(version) ? mariadb : mysql
  // some MariaDB servers put this in front, for clients that expect an old MySQL
  const [major = 0, minor = 0, patch = 0] = version
    .replace(/^5\.5\.5-/, '')
    .split(/[.-]/)
    .map(Number)
  const needed = flavour === mariadb ? oldest.MariaDB : oldest.MySQL
  const isEnough = major !== needed[0] ? major > needed[0] : minor !== needed[1] ? minor > needed[1] : patch >= needed[2]
  return isEnough ? flavour : `the server is ${flavour.name} ${version}, at least ${needed.join('.')} is needed`
}
