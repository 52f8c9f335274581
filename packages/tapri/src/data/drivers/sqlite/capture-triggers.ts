import type { Column, Model } from '../../catalog.ts'
import { type Operand, sql } from '../sql/kysely.ts'
import type { Connection } from './connection.ts'
import { dialect } from './dialect.ts'

const prefix = 'tapri_outside_'
const triggersQuery = `SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'tapri~_outside~_%' ESCAPE '~'`
const madeQuery = `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'tapri_own'`

/**
 * Makes the triggers that note what is written to the tables of the models while `tapri_own` says that it is not us. Of tables
 * that had none, anything may have changed.
 */
export function makeNotes(connection: Connection, models: readonly Model[]): void {
  inTransaction(connection, () => {
    connection.run('CREATE TABLE IF NOT EXISTS tapri_own (at_work INTEGER NOT NULL) STRICT')
    connection.run('INSERT INTO tapri_own (at_work) SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM tapri_own)')
    connection.run(
      'CREATE TABLE IF NOT EXISTS tapri_outside (id INTEGER PRIMARY KEY AUTOINCREMENT, model TEXT NOT NULL, before TEXT, after TEXT) STRICT',
    )
    const there = new Map(connection.rows({ sql: triggersQuery, parameters: [] }).map(([name, text]) => [String(name), text]))
    const wanted = models.map((model) => ({ model, triggers: triggersOf(model) }))
    const names = new Set(wanted.flatMap(({ triggers }) => [...triggers.keys()]))
    for (const name of there.keys()) if (!names.has(name)) run(connection, sql`drop trigger ${sql.id(name)}`)
    for (const { model, triggers } of wanted) {
      if ([...triggers].every(([name, text]) => there.get(name) === text)) continue
      for (const [name, text] of triggers) {
        run(connection, sql`drop trigger if exists ${sql.id(name)}`)
        connection.run(text)
      }
      connection.write({ sql: 'INSERT INTO tapri_outside (model) VALUES (?)', parameters: [model.name] })
    }
  })
  connection.marksOwn = true
}

/** Takes the triggers away: for good, or because a migration changes the tables that they are of. */
export function dropTriggers(connection: Connection): void {
  for (const [name] of connection.rows({ sql: triggersQuery, parameters: [] })) {
    run(connection, sql`drop trigger ${sql.id(String(name))}`)
  }
}

export function dropNotes(connection: Connection): void {
  if (!hasNotes(connection)) return
  inTransaction(connection, () => {
    dropTriggers(connection)
    connection.run('DROP TABLE IF EXISTS tapri_outside')
    connection.run('DROP TABLE IF EXISTS tapri_own')
  })
  connection.marksOwn = false
}

export function hasNotes(connection: Connection): boolean {
  return connection.value(madeQuery) !== 0
}

function triggersOf({ name, columns }: Model): ReadonlyMap<string, string> {
  const after = noteOf('new', columns)
  const before = noteOf('old', columns)
  const nothing = sql.raw('')
  const none = sql.raw('null')
  const there = sql`(select ${noteOf('former', columns)} from ${sql.table(name)} as former where former.id = new.id)`
  const triggers = [
    // INSERT OR REPLACE deletes without a word
    { event: 'replace', on: sql`before insert`, before: there, after: none },
    { event: 'insert', on: sql`after insert`, before: none, after },
    { event: 'update', on: sql`after update`, before, after },
    { event: 'delete', on: sql`after delete`, before, after: none },
  ]
  return new Map(
    triggers.map(({ event, on, ...note }) => {
      const trigger = `${prefix}${name}_${event}`
      const has = event === 'replace' ? sql` and exists (select 1 from ${sql.table(name)} where id = new.id)` : nothing
      const text = sql`CREATE TRIGGER ${sql.id(trigger)} ${on} on ${sql.table(name)} when (select at_work from tapri_own) = 0${has} begin insert into tapri_outside (model, before, after) values (${sql.lit(name)}, ${note.before}, ${note.after}); end`
      return [trigger, text.compile(dialect.builder).sql]
    }),
  )
}

/** JSON of the columns of a row. */
function noteOf(row: string, columns: readonly Column[]): Operand {
  const parts = columns.map((column, at) => {
    const value = sql.ref(`${row}.${column.name}`)
    const name = sql.lit(`${at === 0 ? '{' : ','}${JSON.stringify(column.name)}:`)
    return isFraction(column) ? sql`${name} || json_quote(nullif(quote(${value}), 'NULL'))` : sql`${name} || json_quote(${value})`
  })
  return sql`${sql.join(parts, sql` || `)} || '}'`
}

/** SQLite's JSON of a fraction is rounded, so that its SQL text is noted. */
export function isFraction({ facts }: Column): boolean {
  return facts.kind === 'float'
}

function inTransaction(connection: Connection, work: () => void): void {
  connection.run('BEGIN IMMEDIATE')
  try {
    work()
    connection.run('COMMIT')
  } finally {
    if (connection.isInTransaction) connection.run('ROLLBACK')
  }
}

function run(connection: Connection, statement: Operand): void {
  connection.run(statement.compile(dialect.builder).sql)
}
