import { dataError } from '../../errors.ts'
import type { ColumnState, Fill, MigrationAction, TableState } from '../../migration/state.ts'
import { type Operand, sql } from '../sql/kysely.ts'
import type { Statements } from '../sql/statements.ts'
import { codeOf } from './failure.ts'
import { inspectReferences, ourComment, type Reference } from './inspect.ts'
import type { Session } from './server.ts'
import { storageOf, tables } from './tables.ts'

/** Applies all actions in the open transaction of the session and records them.
 * @throws TAPRI_DATA_MIGRATION when a row would refer to nothing afterwards */
export async function migrateTables(
  session: Session,
  statements: Statements,
  actions: readonly MigrationAction[],
  record: { readonly summaries: readonly string[]; readonly at: number },
): Promise<void> {
  const references = await inspectReferences((statement) => session.rows(statement))
  const migration = new TableMigration(session, statements, references)
  for (const action of actions) await migration.apply(action)
  await migration.refer()
  await session.rows({
    sql: 'insert into tapri_migrations (at, steps) values ($1, $2)',
    parameters: [record.at, JSON.stringify(record.summaries)],
  })
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
    }
  }

  async refer(): Promise<void> {
    for (const { table, column, target } of this.#wanted) {
      try {
        // The data room deletes what depends on a row itself, so that the change log has it; this fence stands behind it.
        const reference = sql`references ${sql.table(target)} (id) deferrable initially deferred`
        await this.#run(sql`alter table ${sql.table(table)} add foreign key (${sql.id(column)}) ${reference}`)
      } catch (cause) {
        if (codeOf(cause instanceof Error ? cause.cause : cause) !== '23503') throw cause
        const message = `Cannot migrate: a row of "${table}" refers to a row of "${target}" that is not there`
        throw dataError('TAPRI_DATA_MIGRATION', message, { cause })
      }
    }
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
    const bare = sql.raw(storageOf[column.type].replace(/ collate .*$/, ''))
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
