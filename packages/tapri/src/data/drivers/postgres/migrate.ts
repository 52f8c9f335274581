import { type MigrationRecord, writeRecord } from '../../migration/record.ts'
import type { ColumnState, Fill, MigrationAction, TableState } from '../../migration/state.ts'
import { type Operand, sql } from '../sql/kysely.ts'
import type { Statements } from '../sql/statements.ts'
import { inspectReferences, ourComment, type Reference } from './inspect.ts'
import type { Session } from './server.ts'
import { storageOf, tables } from './tables.ts'

/** Applies all actions in the open transaction of the session and records them. */
export async function migrateTables(
  session: Session,
  statements: Statements,
  actions: readonly MigrationAction[],
  record: MigrationRecord,
): Promise<void> {
  // whoever waits for a table keeps all from it who come later: rather give up, let the app go on, and try again
  await session.run(`set local lock_timeout = ${longestWait}`)
  const references = await inspectReferences((statement) => session.rows(statement))
  const migration = new TableMigration(session, statements, references)
  for (const action of actions) await migration.apply(action)
  await migration.refer()
  await session.rows({
    sql: 'insert into tapri_migrations (at, steps) values ($1, $2)',
    parameters: [record.at, writeRecord(record.summaries, record.file)],
  })
}

const longestWait = 3000

/** https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES */
export function costOf(action: MigrationAction): string {
  if (action.kind === 'change column') {
    return action.keep && action.fill === null ? 'reads the table, nobody else can' : 'writes the table anew, nobody can read it'
  }
  return action.kind === 'add index' ? 'reads the table, writes wait' : 'instant'
}

class TableMigration {
  readonly #session: Session
  readonly #statements: Statements
  #references: readonly Reference[]
  /** Foreign keys to come, when every table that they name is there. */
  readonly #wanted: { readonly table: string; readonly column: string; readonly target: string }[] = []

  constructor(session: Session, statements: Statements, references: readonly Reference[]) {
    this.#session = session
    this.#statements = statements
    this.#references = references
  }

  async apply(action: MigrationAction): Promise<void> {
    switch (action.kind) {
      case 'create table':
        return this.#create(action.table)
      case 'drop table':
        await this.#unrefer((reference) => reference.target === action.table || reference.table === action.table)
        return this.#run(sql`drop table ${sql.table(action.table)}`)
      case 'add column':
        return this.#addColumn(action.table, action.column, action.fill)
      case 'change column':
        return this.#changeColumn(action)
      case 'drop column':
        await this.#unrefer((reference) => reference.table === action.table && reference.column === action.column)
        return this.#run(sql`alter table ${sql.table(action.table)} drop column ${sql.id(action.column)}`)
      case 'add index':
        return this.#run(tables.createIndex(action.table, action.index))
      case 'drop index':
        return this.#run(sql`drop index ${sql.id(action.index.name)}`)
      case 'rename table':
        return this.#renameTable(action.table, action.to)
      case 'rename column':
        return this.#renameColumn(action)
      case 'rename index':
        return this.#run(sql`alter index ${sql.id(action.index.name)} rename to ${sql.id(action.to)}`)
    }
  }

  async refer(): Promise<void> {
    for (const { table, column, target } of this.#wanted) {
      // The data room deletes what depends on a row itself, so that the change log has it; this fence stands behind it.
      // Rows that are there are looked at later, while others write: see live.ts.
      const reference = sql`references ${sql.table(target)} (id) deferrable initially deferred not valid`
      await this.#run(sql`alter table ${sql.table(table)} add foreign key (${sql.id(column)}) ${reference}`)
    }
  }

  /** Indexes, references and the comment go along. */
  async #renameTable(table: string, to: string): Promise<void> {
    await this.#run(sql`alter table ${sql.table(table)} rename to ${sql.id(to)}`)
    const named = (name: string) => (name === table ? to : name)
    this.#references = this.#references.map((each) => ({ ...each, table: named(each.table), target: named(each.target) }))
  }

  async #renameColumn({ table, column, to }: MigrationAction & { kind: 'rename column' }): Promise<void> {
    await this.#run(sql`alter table ${sql.table(table)} rename column ${sql.id(column)} to ${sql.id(to)}`)
    this.#references = this.#references.map((each) =>
      each.table === table && each.column === column ? { ...each, column: to } : each,
    )
  }

  async #create(table: TableState): Promise<void> {
    await this.#run(tables.create(table, table.name))
    await this.#run(sql`comment on table ${sql.table(table.name)} is ${sql.lit(ourComment)}`)
    for (const index of table.indexes) await this.#run(tables.createIndex(table.name, index))
    for (const column of table.columns) this.#want(table.name, column)
  }

  /** A default gives the rows that are there their value without rewriting them; new rows bring their own. */
  async #addColumn(table: string, column: ColumnState, fill: Fill): Promise<void> {
    const added = fill === null ? column : { ...column, fill }
    await this.#run(sql`alter table ${sql.table(table)} add column ${tables.column(table, added)}`)
    if (fill !== null) {
      await this.#run(sql`alter table ${sql.table(table)} alter column ${sql.id(column.name)} drop default`)
    }
    this.#want(table, column)
  }

  async #changeColumn({ table, column, keep, fill }: MigrationAction & { kind: 'change column' }): Promise<void> {
    const alter = sql`alter table ${sql.table(table)} alter column ${sql.id(column.name)}`
    const value = tables.literal(fill, column.type)
    await this.#unrefer((reference) => reference.table === table && reference.column === column.name)
    await this.#run(sql`${alter} drop not null`)
    const type = sql.raw(storageOf[column.type])
    const bare = sql.raw(storageOf[column.type].split(' collate ', 1).join(''))
    await this.#run(sql`${alter} type ${type} using ${keep ? sql.id(column.name) : value}::${bare}`)
    if (fill !== null) {
      await this.#run(sql`update ${sql.table(table)} set ${sql.id(column.name)} = ${value} where ${sql.id(column.name)} is null`)
      // a table with checks to come cannot be altered
      await this.#session.run('set constraints all immediate')
    }
    if (!column.nullable) await this.#run(sql`${alter} set not null`)
    this.#want(table, column)
  }

  #want(table: string, { name, target }: ColumnState): void {
    if (target !== undefined) this.#wanted.push({ table, column: name, target })
  }

  async #unrefer(which: (reference: Reference) => boolean): Promise<void> {
    const gone = this.#references.filter(which)
    this.#references = this.#references.filter((reference) => !which(reference))
    for (const { table, name } of gone) {
      await this.#run(sql`alter table ${sql.table(table)} drop constraint ${sql.id(name)}`)
    }
  }

  async #run(statement: Operand): Promise<void> {
    await this.#session.run(this.#statements.text(statement))
  }
}
