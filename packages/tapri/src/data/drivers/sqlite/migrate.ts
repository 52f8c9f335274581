import { dataError } from '../../errors.ts'
import { fold } from '../../migration/fold.ts'
import { type MigrationRecord, writeRecord } from '../../migration/record.ts'
import type { ColumnState, Fill, IndexState, MigrationAction, TableState } from '../../migration/state.ts'
import { type Operand, sql } from '../sql/kysely.ts'
import type { Statements } from '../sql/statements.ts'
import { dropTriggers } from './capture-triggers.ts'
import type { Connection } from './connection.ts'
import { inspect, saveSnapshot } from './inspect.ts'
import { tables } from './tables.ts'
import { createWords, dropWords } from './words.ts'

/** Applies all actions in the open transaction, in which no foreign keys are checked, and records them.
 * @throws TAPRI_DATA_MIGRATION when a row would refer to nothing afterwards */
export function migrateTables(
  connection: Connection,
  statements: Statements,
  actions: readonly MigrationAction[],
  record: MigrationRecord,
): void {
  new TableMigration(connection, statements).apply(actions, record)
}

/** https://sqlite.org/lang_altertable.html: what is no change of the catalog alone is a copy. */
export function costOf(action: MigrationAction): string {
  if (action.kind === 'add column') return isSimpleToAdd(action.column, action.fill) ? 'instant' : 'copies the table'
  if (action.kind === 'change column' || action.kind === 'drop column') return 'copies the table'
  return action.kind === 'add index' || action.kind === 'rename index' ? 'reads the table' : 'instant'
}

class TableMigration {
  readonly #connection: Connection
  readonly #statements: Statements
  #tables: Map<string, TableState>

  constructor(connection: Connection, statements: Statements) {
    this.#connection = connection
    this.#statements = statements
    this.#tables = new Map(inspect(connection).map((table) => [table.name, table]))
  }

  apply(actions: readonly MigrationAction[], { at, summaries, file }: MigrationRecord): void {
    // whoever captures makes them anew for the tables as they are then
    dropTriggers(this.#connection)
    for (const action of actions) this.#applyOne(action)
    const [orphan] = this.#connection.rows({ sql: 'PRAGMA foreign_key_check', parameters: [] })
    if (orphan !== undefined) {
      const [table, , target] = orphan
      throw dataError(
        'TAPRI_DATA_MIGRATION',
        `Cannot migrate: a row of "${table}" refers to a row of "${target}" that is not there`,
      )
    }
    saveSnapshot(this.#connection, [...this.#tables.values()])
    this.#connection.write({
      sql: 'INSERT INTO tapri_migrations (at, steps) VALUES (?, ?)',
      parameters: [at, writeRecord(summaries, file)],
    })
  }

  #applyOne(action: MigrationAction): void {
    switch (action.kind) {
      case 'create table':
        this.#create(action.table, action.table.name)
        break
      case 'drop table':
        this.#dropIndexes(this.#wordsOf(action.table))
        this.#run(sql`drop table ${sql.table(action.table)}`)
        this.#tables.delete(action.table)
        break
      case 'add column':
        this.#addColumn(action.table, action.column, action.fill)
        break
      case 'change column':
        this.#changeColumn(action)
        break
      case 'drop column':
        this.#dropColumn(action.table, action.column)
        break
      case 'add index':
        this.#createIndexes(action.table, [action.index])
        this.#remember(action.table, (indexes) => [...indexes, action.index])
        break
      case 'drop index':
        this.#dropIndexes([action.index])
        this.#remember(action.table, (indexes) => indexes.filter(({ name }) => name !== action.index.name))
        break
      case 'rename table':
        // references in other tables go along
        this.#rename(action, sql`alter table ${sql.table(action.table)} rename to ${sql.id(action.to)}`)
        break
      case 'rename column': {
        const { table, column, to } = action
        this.#rename(action, sql`alter table ${sql.table(table)} rename column ${sql.id(column)} to ${sql.id(to)}`)
        break
      }
      case 'rename index':
        this.#dropIndexes([action.index])
        this.#createIndexes(action.table, [{ ...action.index, name: action.to }])
        this.#fold(action)
    }
  }

  /** An index of words is told the names once, when it is made. */
  #rename(action: MigrationAction & { kind: 'rename table' | 'rename column' }, statement: Operand): void {
    this.#dropIndexes(this.#wordsOf(action.table))
    this.#run(statement)
    this.#fold(action)
    const name = action.kind === 'rename table' ? action.to : action.table
    this.#createIndexes(name, this.#wordsOf(name))
  }

  #wordsOf(table: string): IndexState[] {
    return this.#tables.get(table)?.indexes.filter((index) => index.words) ?? []
  }

  #createIndexes(table: string, indexes: readonly IndexState[]): void {
    for (const index of indexes) {
      const statements = index.words ? createWords(table, index) : [tables.createIndex(table, index)]
      for (const statement of statements) this.#run(statement)
    }
  }

  #dropIndexes(indexes: readonly IndexState[]): void {
    for (const index of indexes) {
      const statements = index.words ? dropWords(index) : [sql`drop index ${sql.id(index.name)}`]
      for (const statement of statements) this.#run(statement)
    }
  }

  #fold(action: MigrationAction): void {
    this.#tables = new Map(fold([...this.#tables.values()], action).map((table) => [table.name, table]))
  }

  #create(table: TableState, name: string): void {
    this.#run(tables.create(table, name))
    this.#createIndexes(name, table.indexes)
    this.#tables.set(name, table)
  }

  #dropColumn(name: string, column: string): void {
    const table = this.#table(name)
    const columns = table.columns.filter((each) => each.name !== column)
    this.#rebuild({ ...table, columns, indexes: table.indexes.filter((index) => !index.columns.includes(column)) })
  }

  #remember(name: string, change: (indexes: readonly IndexState[]) => readonly IndexState[]): void {
    const table = this.#table(name)
    this.#tables.set(name, { ...table, ours: true, indexes: change(table.indexes) })
  }

  #addColumn(name: string, column: ColumnState, fill: Fill): void {
    const table = this.#table(name)
    if (!isSimpleToAdd(column, fill)) {
      this.#rebuild({ ...table, columns: [...table.columns, column] }, { column: column.name, keep: false, fill })
      return
    }
    const added = fill === null ? column : { ...column, fill }
    this.#run(sql`alter table ${sql.table(name)} add column ${tables.column(name, added)}`)
    this.#tables.set(name, { ...table, ours: true, columns: [...table.columns, added] })
  }

  #changeColumn(action: MigrationAction & { kind: 'change column' }): void {
    const table = this.#table(action.table)
    const columns = table.columns.map((column) => (column.name === action.column.name ? action.column : column))
    this.#rebuild({ ...table, columns }, { column: action.column.name, keep: action.keep, fill: action.fill })
  }

  /** SQLite's way to any other table: make it anew beside the old one, copy, take its place. */
  #rebuild(wanted: TableState, change?: { column: string; keep: boolean; fill: Fill }): void {
    const fresh = `${wanted.name}__new`
    this.#run(tables.create(wanted, fresh))
    const values = wanted.columns.map((column) => (column.name === change?.column ? copied(column, change) : sql.id(column.name)))
    const names = wanted.columns.map((column) => sql.id(column.name))
    this.#run(sql`insert into ${sql.table(fresh)} (${sql.join(names)}) select ${sql.join(values)} from ${sql.table(wanted.name)}`)
    this.#dropIndexes(this.#wordsOf(wanted.name))
    this.#run(sql`drop table ${sql.table(wanted.name)}`)
    this.#run(sql`alter table ${sql.table(fresh)} rename to ${sql.table(wanted.name)}`)
    this.#createIndexes(wanted.name, wanted.indexes)
    this.#tables.set(wanted.name, { ...wanted, ours: true })
  }

  #table(name: string): TableState {
    const table = this.#tables.get(name)
    if (table === undefined) throw dataError('TAPRI_DATA_MIGRATION', `Cannot change the table "${name}": it is not there`)
    return table
  }

  #run(statement: Operand): void {
    this.#connection.run(this.#statements.text(statement))
  }
}

/** SQLite adds no required column without a value for the rows that are there, nor one that refers elsewhere with one. */
function isSimpleToAdd(column: ColumnState, fill: Fill): boolean {
  return column.target === undefined ? column.nullable || fill !== null : column.nullable && fill === null
}

function copied(column: ColumnState, change: { keep: boolean; fill: Fill }) {
  const fill = tables.literal(change.fill, column.type)
  if (!change.keep) return fill
  const value = column.type === 'float' ? sql`cast(${sql.id(column.name)} as real)` : sql.id(column.name)
  return change.fill === null ? value : sql`coalesce(${value}, ${fill})`
}
