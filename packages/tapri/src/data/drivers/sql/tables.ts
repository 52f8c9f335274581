import type { ColumnState, ColumnType, Fill, IndexState, TableState } from '../../migration/state.ts'
import { type Operand, sql } from './kysely.ts'

/** How one database makes its tables. */
export interface TableDialect {
  readonly storage: Readonly<Record<ColumnType, string>>
  /** What stands behind the columns of a new table. */
  readonly options: string
  /** A value as it stands in a statement. */
  literal(fill: Fill, type: ColumnType): Operand
  /** What stands behind the table of an index of words; a database without it makes such an index otherwise. */
  words?(columns: readonly Operand[]): Operand
  /** What stands behind the column that refers elsewhere. */
  reference(table: string, column: string, target: string): Operand
}

/** The texts of statements on tables, alike for all SQL databases but for the parts that `TableDialect` names. */
export class TableTexts {
  readonly #dialect: TableDialect

  constructor(dialect: TableDialect) {
    this.#dialect = dialect
  }

  create(table: TableState, name: string): Operand {
    const columns = table.columns.map((column) => this.column(name, column))
    return sql`create table ${sql.table(name)} (${sql.join(columns)})${sql.raw(this.#dialect.options)}`
  }

  column(table: string, column: ColumnState): Operand {
    const type = sql.raw(this.#dialect.storage[column.type])
    if (column.name === 'id') return sql`${sql.id('id')} ${type} not null primary key`
    const nothing = sql.raw('')
    const required = column.nullable ? nothing : sql.raw(' not null')
    const fallback = column.fill === undefined ? nothing : sql` default ${this.literal(column.fill, column.type)}`
    const target = column.target === undefined ? nothing : this.#dialect.reference(table, column.name, column.target)
    return sql`${sql.id(column.name)} ${type}${required}${fallback}${target}`
  }

  createIndex(table: string, index: IndexState): Operand {
    return this.#index(table, index, 'index')
  }

  /** While others write; not in a transaction. */
  createIndexLive(table: string, index: IndexState): Operand {
    return this.#index(table, index, 'index concurrently')
  }

  literal(fill: Fill, type: ColumnType): Operand {
    return this.#dialect.literal(fill, type)
  }

  #index(table: string, index: IndexState, kind: string): Operand {
    const unique = sql.raw(index.unique ? 'unique ' : '')
    const columns = index.columns.map((column) => sql.id(column))
    const words = index.words ? this.#dialect.words?.(columns) : undefined
    return sql`create ${unique}${sql.raw(kind)} ${sql.id(index.name)} on ${sql.table(table)} ${words ?? sql`(${sql.join(columns)})`}`
  }
}
