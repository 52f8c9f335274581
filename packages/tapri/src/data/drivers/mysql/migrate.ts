import { createHash } from 'node:crypto'
import { dataError } from '../../errors.ts'
import { fold, isDone } from '../../migration/fold.ts'
import type { MigrationAction, TableState } from '../../migration/state.ts'
import { type Operand, sql } from '../sql/kysely.ts'
import type { Statements } from '../sql/statements.ts'
import { alterClauses, lostReferences, type Reshape, wordsStatements } from './alter.ts'
import type { Session } from './connection.ts'
import { numberOf } from './failure.ts'
import type { Flavour } from './flavour.ts'
import { inspect, inspectReferences } from './inspect.ts'
import type { Server } from './server.ts'
import { TableTexts } from './tables.ts'
import { dropWords } from './words.ts'

export interface Migration {
  readonly actions: readonly MigrationAction[]
  /** What is recorded of it, and when. */
  readonly record: string
  readonly at: number
}

/**
 * Each change of a table commits by itself here. So each action is one statement where it can be, what is done is
 * written down after each, and a migration that was cut off goes on where it was when it is asked for again.
 * @throws TAPRI_DATA_MIGRATION when a row would refer to nothing afterwards
 */
export function migrateTables(server: Server, statements: Statements, migration: Migration): Promise<void> {
  return onTables(server, statements, (tables) => tables.run(migration))
}

/** Makes an index; the server lets others write meanwhile, unless long texts need a hash first. */
export function addIndex(
  server: Server,
  statements: Statements,
  action: MigrationAction & { readonly kind: 'add index' | 'drop index' },
): Promise<void> {
  return onTables(server, statements, (tables) => tables.change(action))
}

async function onTables(
  server: Server,
  statements: Statements,
  work: (migration: TableMigration) => Promise<void>,
): Promise<void> {
  // tables may take long to copy
  const session = await server.connect({ timeout: 0 })
  try {
    // a change that a killed process has begun goes on in the server, which keeps this lock for it until it is done
    await session.run("do get_lock(concat('tapri ', left(sha2(database(), 256), 40)), 86400)")
    const tables = await inspect((statement) => session.rows(statement))
    await work(new TableMigration(session, statements, server.flavour, tables))
  } finally {
    session.close()
  }
}

/** Measured with ALGORITHM=INSTANT and INPLACE on MySQL 9.7 and MariaDB 10.11. */
export function costOf(action: MigrationAction, { name }: Flavour): string {
  if (action.kind === 'add column') {
    const isText = action.column.type === 'text' || action.column.type === 'json'
    return isText && action.fill !== null && name === 'MySQL' ? 'copies the table' : 'instant'
  }
  if (action.kind === 'add index') return action.index.unique ? 'reads the table, or copies it for long texts' : 'reads the table'
  return action.kind === 'change column' ? 'copies the table' : 'instant'
}

const journal = 'migrating'

class TableMigration {
  readonly #session: Session
  readonly #statements: Statements
  readonly #flavour: Flavour
  readonly #texts: TableTexts
  #tables: readonly TableState[]

  constructor(session: Session, statements: Statements, flavour: Flavour, tables: readonly TableState[]) {
    this.#session = session
    this.#statements = statements
    this.#flavour = flavour
    this.#texts = new TableTexts(flavour)
    this.#tables = tables
  }

  async run({ actions, record, at }: Migration): Promise<void> {
    const key = createHash('sha256')
      .update(JSON.stringify([actions, record]))
      .digest('hex')
      .slice(0, 32)
    const done = await this.#doneOf(key)
    // what was done names tables that later actions may have changed again
    for (const action of actions.slice(done)) await this.#apply(action, key, actions.indexOf(action))
    await this.#refer(actions)
    await this.#session.run('start transaction')
    const sql = 'insert into tapri_migrations (at, steps) values (?, ?)'
    await this.#session.rows({ sql, parameters: [at, record] })
    await this.#session.rows({ sql: 'delete from tapri_meta where name = ?', parameters: [journal] })
    await this.#session.run('commit')
  }

  /** Does nothing when it is done already. */
  async change(action: MigrationAction): Promise<void> {
    if (isDone(this.#tables, action)) return this.#complete(action)
    await this.#change(action)
    this.#tables = fold(this.#tables, action)
  }

  /** A table is there before the indexes of its words are, and a process may have died in between. */
  async #complete(action: MigrationAction): Promise<void> {
    if (action.kind !== 'create table') return
    const table = this.#tables.find(({ name }) => name === action.table.name)
    if (table === undefined) return
    const missing = action.table.indexes.filter((index) => index.words && !table.indexes.some(({ name }) => name === index.name))
    await this.#settleWords(table, { ...table, indexes: [...table.indexes, ...missing] })
  }

  async #settleWords(before: TableState, after: TableState): Promise<void> {
    for (const statement of wordsStatements(before, after, this.#flavour)) await this.#run(statement)
  }

  async #doneOf(key: string): Promise<number> {
    const [row] = await this.#session.rows({ sql: 'select value from tapri_meta where name = ?', parameters: [journal] })
    const [known, done] = String(row?.[0] ?? '').split(' ')
    return known === key ? Number(done) : 0
  }

  async #apply(action: MigrationAction, key: string, at: number): Promise<void> {
    await this.change(action)
    const sql = 'insert into tapri_meta (name, value) values (?, ?) on duplicate key update value = values(value)'
    await this.#session.rows({ sql, parameters: [journal, `${key} ${at + 1}`] })
  }

  async #change(action: MigrationAction): Promise<void> {
    const table = action.kind === 'create table' ? action.table.name : action.table
    switch (action.kind) {
      case 'create table':
        await this.#run(this.#texts.create(action.table))
        return this.#settleWords({ ...action.table, indexes: [] }, action.table)
      case 'drop table':
        for (const index of this.#tables.find(({ name }) => name === table)?.indexes ?? []) {
          if (index.words) await this.#run(dropWords(index))
        }
        await this.#unrefer(table)
        return this.#run(sql`drop table ${sql.table(table)}`)
      case 'rename table':
        return this.#run(sql`rename table ${sql.table(table)} to ${sql.table(action.to)}`)
      case 'rename index':
        if (action.index.words) return this.#run(sql`rename table ${sql.table(action.index.name)} to ${sql.table(action.to)}`)
        return this.#alter(table, [sql`rename index ${sql.id(action.index.name)} to ${sql.id(action.to)}`])
      case 'add column':
        return this.#reshape(table, action, { added: action.column, fill: action.fill })
      case 'change column':
        return this.#changeColumn(table, action)
      case 'drop column':
        return this.#reshape(table, action, { dropped: action.column })
      case 'rename column':
        return this.#reshape(table, action, { renamed: { from: action.column, to: action.to } })
      case 'add index':
      case 'drop index':
        return this.#reshape(table, action, {})
    }
  }

  async #changeColumn(table: string, action: MigrationAction & { readonly kind: 'change column' }): Promise<void> {
    const { column, keep, fill } = action
    if (!keep) return this.#reshape(table, action, { dropped: column.name, added: column, fill })
    if (fill !== null) {
      const name = sql.id(column.name)
      const value = this.#texts.literal(fill, column.type)
      await this.#run(sql`update ${sql.table(table)} set ${name} = ${value} where ${name} is null`)
    }
    await this.#reshape(table, action, { changed: column })
  }

  /** One statement that takes a table from what it is to what it is after the action, its indexes and hashes with it. */
  async #reshape(name: string, action: MigrationAction, shape: Reshape): Promise<void> {
    const before = this.#tables.find((table) => table.name === name)
    const after = fold(this.#tables, action).find((table) => table.name === name)
    if (before === undefined || after === undefined) return
    const references = await inspectReferences((statement) => this.#session.rows(statement))
    const own = references.filter((reference) => reference.table === name)
    await this.#alter(name, alterClauses(this.#texts, { before, after, references: own }, shape))
    await this.#settleWords(before, after)
    const { added, fill = null } = shape
    // new rows bring their own value
    if (added !== undefined && fill !== null) await this.#alter(name, [sql`alter column ${sql.id(added.name)} drop default`])
  }

  async #alter(table: string, clauses: readonly Operand[]): Promise<void> {
    if (clauses.length > 0) await this.#run(sql`alter table ${sql.table(table)} ${sql.join(clauses)}`)
  }

  /** References to a table that goes. */
  async #unrefer(target: string): Promise<void> {
    const references = await inspectReferences((statement) => this.#session.rows(statement))
    for (const { table, name } of references.filter((reference) => reference.target === target && reference.table !== target)) {
      await this.#alter(table, [sql`drop foreign key ${sql.id(name)}`])
    }
  }

  /** The data room deletes what depends on a row itself, so that the change log has it; this fence stands behind it. */
  async #refer(actions: readonly MigrationAction[]): Promise<void> {
    const references = await inspectReferences((statement) => this.#session.rows(statement))
    for (const { table, column, target } of lostReferences(this.#tables, references, actions)) {
      try {
        const key = sql`add foreign key (${sql.id(column)}) references ${sql.table(target)} (id)`
        await this.#alter(table, [key])
      } catch (cause) {
        if (numberOf(cause instanceof Error ? cause.cause : cause) !== 1452) throw cause
        const message = `Cannot migrate: a row of "${table}" refers to a row of "${target}" that is not there`
        throw dataError('TAPRI_DATA_MIGRATION', message, { cause })
      }
    }
  }

  async #run(statement: Operand): Promise<void> {
    await this.#session.run(this.#statements.text(statement))
  }
}
