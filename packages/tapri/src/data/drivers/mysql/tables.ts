import { createHash } from 'node:crypto'
import type { ColumnState, ColumnType, Fill, IndexState, TableState } from '../../migration/state.ts'
import { type Operand, sql } from '../sql/kysely.ts'
import type { Flavour } from './flavour.ts'

/** What a table that a migration of ours has made says of itself. */
export const ourComment = 'made by tapri'
/** Columns of ours say what they hold: several kinds of values are stored alike. */
export const columnComment = 'tapri '
/** Columns that no model knows: each tells long texts apart by their hash. */
const hashPrefix = 'tapri_hash_'

/** Bytes that an index may have, and those of one character. */
const longestKey = 3072
const widestCharacter = 4
const longestPrefix = 191
export const longestId = 64
const hashBytes = 32

/** Parts of statements on tables. */
export class TableTexts {
  readonly #flavour: Flavour

  constructor(flavour: Flavour) {
    this.#flavour = flavour
  }

  create(table: TableState): Operand {
    const columns = table.columns.map((column) => this.column(column))
    const hashes = hashedColumns(table).map((column) => this.hash(column))
    const indexes = table.indexes.filter(({ words }) => !words).map((index) => this.index(table, index))
    const parts = sql.join([...columns, ...hashes, ...indexes])
    return sql`create table ${sql.table(table.name)} (${parts})${sql.raw(this.#options())} comment = ${sql.lit(ourComment)}`
  }

  /** A column; with `fill` rows that are there get this value. */
  column(column: ColumnState, fill: Fill = column.fill ?? null): Operand {
    const type = sql.raw(this.#storage(column))
    if (column.name === 'id') return sql`${sql.id('id')} ${type} not null primary key comment ${sql.lit(`${columnComment}text`)}`
    const required = sql.raw(column.nullable ? '' : ' not null')
    const value = this.literal(fill, column.type)
    // in brackets also long texts have one; without them MySQL adds the column without a copy of the table
    const given = column.type in plainTypes ? value : sql`(${value})`
    const fallback = fill === null ? sql.raw('') : sql` default ${given}`
    return sql`${sql.id(column.name)} ${type}${required}${fallback} comment ${sql.lit(columnComment + column.type)}`
  }

  hash(column: string): Operand {
    const value = sql`unhex(sha2(${sql.id(column)}, 256))`
    return sql`${sql.id(hashName(column))} binary(${sql.raw(String(hashBytes))}) generated always as (${value}) stored`
  }

  /** An index whose long texts are there by their beginning, for looking them up, and whose hashes make it exact. */
  index(table: TableState, index: IndexState): Operand {
    const texts = index.columns.filter((name) => isLong(table, name))
    const ids = index.columns.filter((name) => isId(columnOf(table, name))).length
    const others = index.columns.length - texts.length - ids
    const left = longestKey - ids * (longestId * widestCharacter + 3) - others * 9 - texts.length * (hashBytes + 4)
    const prefix = Math.max(1, Math.min(longestPrefix, Math.floor(left / widestCharacter / Math.max(1, texts.length))))
    const parts = index.columns.map((name) =>
      texts.includes(name) ? sql`${sql.id(name)}(${sql.raw(String(prefix))})` : sql.id(name),
    )
    const hashes = index.unique ? texts.map((name) => sql.id(hashName(name))) : []
    return sql`${sql.raw(index.unique ? 'unique ' : '')}index ${sql.id(index.name)} (${sql.join([...parts, ...hashes])})`
  }

  literal(fill: Fill, type: ColumnType): Operand {
    return type === 'json' && fill !== null ? sql.lit(JSON.stringify(fill)) : sql.lit(fill)
  }

  #options(): string {
    const { collation } = this.#flavour
    return ` engine = InnoDB row_format = dynamic default character set utf8mb4 collate ${collation}`
  }

  #storage(column: ColumnState): string {
    const text = `character set utf8mb4 collate ${this.#flavour.collation}`
    if (isId(column)) return `varchar(${longestId}) ${text}`
    return { text: `longtext ${text}`, json: `longtext ${text}`, ...plainTypes }[column.type]
  }
}

/** A moment is its milliseconds: a DATETIME knows the years from 1000 to 9999 alone. */
const plainTypes = { int: 'bigint', time: 'bigint', float: 'double', bool: 'boolean' } as const

/** The columns whose hash stands beside them: those of unique indexes that may be too long for one. */
export function hashedColumns(table: TableState): string[] {
  const unique = table.indexes.filter((index) => index.unique).flatMap(({ columns }) => columns)
  return [...new Set(unique)].filter((name) => isLong(table, name))
}

export function hashName(column: string): string {
  if (hashPrefix.length + column.length <= 64) return hashPrefix + column
  return `${hashPrefix}${column.slice(0, 36)}_${createHash('sha256').update(column).digest('hex').slice(0, 16)}`
}

export function isHash(column: string): boolean {
  return column.startsWith(hashPrefix)
}

export function columnOf(table: TableState, name: string): ColumnState | undefined {
  return table.columns.find((column) => column.name === name)
}

function isLong(table: TableState, name: string): boolean {
  const column = columnOf(table, name)
  return column !== undefined && !isId(column) && (column.type === 'text' || column.type === 'json')
}

function isId(column: ColumnState | undefined): boolean {
  return column?.name === 'id' || column?.target !== undefined
}
