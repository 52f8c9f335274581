import type { FieldFacts } from '../../../schema/index.ts'
import type { Column } from '../../catalog.ts'
import type { Condition, OrderSign, Primitive, Search, TextSign } from '../../condition.ts'
import type { Builder, Fragment, Operand } from './kysely.ts'

/** A value as a driver hands it to its database. */
export type SqlValue = string | number | bigint | boolean | null | Uint8Array | readonly (string | number | boolean | null)[]
/** A row as it comes: its values in the order of the columns that were asked for. */
export type SqlRow = readonly unknown[]

/** A statement and its values, in the order of their places. */
export interface Sql {
  readonly sql: string
  readonly parameters: readonly SqlValue[]
}

export type Decode = (value: unknown) => unknown

/** How values are stored; each method must give a value of the same kind for one column, whatever the value. */
export interface Codec {
  /** A value of a row. */
  encode(column: Column, value: unknown): SqlValue
  /** A value that a column is compared with for equality; never null. */
  compared(column: Column, value: Primitive): SqlValue
  /** A value that a column is ordered against. */
  bound(column: Column, sign: OrderSign, value: string | number): SqlValue
  /** An item that a list may have. */
  item(column: Column, value: Primitive): SqlValue
  /** Reads a stored value that is not null; undefined when it comes as it must be. */
  decoder(facts: FieldFacts): Decode | undefined
}

/** How an index of words is asked. Every word is asked of all columns that the search names. */
export interface WordsDialect {
  /** The words that the index is asked for; the others are looked for in the rows that it gives. */
  asked(words: readonly string[]): readonly string[]
  /** The values that the test takes, in the order of their places; how many depends on the number of words and fields. */
  values(words: readonly string[], search: Search): readonly SqlValue[]
  /** Whether each word begins one of the row's; never null where it decides. */
  test(alias: string, values: readonly SqlValue[], search: Search): Fragment
}

/**
 * What one SQL database says in its own way; everything else is said once, in this folder. The tests are
 * positive and may be null for a null in the row: whoever negates them takes care of that.
 */
export interface Dialect {
  readonly builder: Builder
  readonly codec: Codec
  /** Rows are kept from others by `for update`; a database without it lets one transaction write at a time. */
  readonly locksRows?: boolean
  /** How `cast` names a text and a double; `text` and `double precision` unless told. */
  readonly casts?: { readonly text: string; readonly float: string }
  /** Stands in front of the condition of every read, for a database that must be asked at each row whether to go on. */
  readonly watch?: (condition: Condition) => Fragment
  readonly words: WordsDialect
  truth(holds: boolean): Fragment
  /** Differs from a value that is not null; null differs. */
  differs(operand: Operand, value: SqlValue): Fragment
  /** An operand as it is ordered against a bound: truth orders as 0 and 1. */
  ordered(operand: Operand, column: Column): Operand
  /** Sorts nulls first, last when turned round; texts by code point. */
  sorted(operand: Operand, down: boolean, nullable: boolean): Operand
  /** A list of values as parameters: one where the database can, so that a statement serves any number. */
  listed(column: Column, values: readonly SqlValue[]): readonly SqlValue[]
  isIn(operand: Operand, column: Column, list: readonly SqlValue[]): Fragment
  /** The values that a text test takes, in the order in which `hasText` uses them. */
  textValues(sign: TextSign, part: string): readonly SqlValue[]
  hasText(operand: Operand, sign: TextSign, values: readonly SqlValue[]): Fragment
  /** The values that a test of JSON takes, in the order in which `isJson` uses them: a path like `$."a"[0]` and the JSON
   * unless told. How many there are depends on the kinds of the path's steps alone. */
  jsonValues?(path: readonly (string | number)[], json: string): readonly SqlValue[]
  /** Whether the value at a path of a JSON column, which may be null, is this JSON; absent is null. Never null. */
  isJson(operand: Operand, values: readonly SqlValue[]): Fragment
  /** Whether a list, that may be null, has an item; never null. */
  hasItem(operand: Operand, column: Column, item: SqlValue): Fragment
}
