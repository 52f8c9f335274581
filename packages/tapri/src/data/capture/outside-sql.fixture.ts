import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { scratchDatabase } from '../index.ts'
import { models } from './models.fixture.ts'
import type { Other, Setting, Values, Write } from './outside.fixture.ts'

/** Another program, as it speaks to an SQL database. */
export interface SqlOther extends Other {
  run(...statements: readonly string[]): Promise<void>
  rows(query: string): Promise<readonly (readonly unknown[])[]>
}

type Plain = Pick<SqlOther, 'run' | 'rows' | 'close'>

/** All columns of a thing but its id, as SQL names them. */
const columns = Object.keys(models.things)
  .filter((name) => !name.startsWith('~'))
  .join(', ')

/** A database of its own for a test, with all that must be done to it by name. */
export function sqlSetting(kind: string, server: string): Setting {
  return {
    scratch: async () => (server.startsWith('sqlite:') ? scratchFile() : scratchDatabase(server)),
    connect,
    whyNot: () => whyNot(server),
    cut: (url) => connected(url, (other) => cutAll(other, kind)),
    throwAway: (url) => connected(url, (other) => throwAway(other, kind)),
    empty: (url, table) => connected(url, (other) => other.run(...emptying(kind, table))),
    left: (url) => connected(url, (other) => leftOf(other, kind)),
    unreadable: 'oops',
  }
}

/** What a person at a terminal would type. */
export function sqlOf(write: Write, url: string): string {
  if ('copy' in write) {
    return `insert into things (id, ${columns}) select '${write.as}', ${columns} from things where id = '${write.copy}'`
  }
  if ('make' in write) return `insert into people (id, name) values ('${write.make}', '${write.name ?? 'Ann'}')`
  if ('double' in write) return `insert into people (id, name) select concat(id, 'x${write.double}'), name from people`
  const where = pairs(write.where, url).join(' and ')
  if ('remove' in write) return `delete from ${write.remove} where ${where}`
  const added = Object.entries(write.add ?? {}).map(([name, value]) => `${name} = ${name} + ${value}`)
  return `update ${write.change} set ${[...pairs(write.set ?? {}, url), ...added].join(', ')} where ${where}`
}

function pairs(values: Values, url: string): string[] {
  return Object.entries(values).map(([name, value]) => `${name} = ${literal(value, url)}`)
}

function literal(value: unknown, url: string): string {
  if (typeof value !== 'string') return String(value)
  const quoted = value.replaceAll("'", "''")
  return `'${url.startsWith('mysql') ? quoted.replaceAll('\\', '\\\\') : quoted}'`
}

/** A connection that is no part of Tapri. */
export async function connect(url: string): Promise<SqlOther> {
  const plain = await plainConnection(url)
  const texts = (writes: readonly Write[]) => writes.map((write) => sqlOf(write, url))
  return {
    ...plain,
    write: (...writes) => plain.run(...(writes.length === 1 ? texts(writes) : ['begin', ...texts(writes), 'commit'])),
    undo: (...writes) => plain.run('begin', ...texts(writes), 'rollback'),
  }
}

async function connected<T>(url: string, work: (other: SqlOther) => Promise<T>): Promise<T> {
  const other = await connect(url)
  try {
    return await work(other)
  } finally {
    await other.close()
  }
}

async function plainConnection(url: string): Promise<Plain> {
  if (url.startsWith('sqlite:')) return sqliteOther(url.slice('sqlite:'.length).split('?')[0] ?? '')
  return url.startsWith('postgres') ? postgresOther(url) : mysqlOther(url)
}

function scratchFile() {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-capture-'))
  return { url: `sqlite:${join(folder, 'app.db')}?synchronous=off`, dispose: async () => rmSync(folder, { recursive: true }) }
}

/** SQLite is a library: the other program must be a process of its own. */
const sqliteProgram = `
  import { DatabaseSync } from 'node:sqlite'
  const database = new DatabaseSync(process.argv[1])
  database.exec('pragma busy_timeout = 60000')
  process.on('message', ({ run, rows }) => {
    try {
      if (run !== undefined) database.exec(run)
      process.send({ rows: rows === undefined ? [] : database.prepare(rows).all().map((row) => Object.values(row)) })
    } catch (error) {
      if (database.isTransaction) database.exec('rollback')
      process.send({ error: error.message })
    }
  })`

async function sqliteOther(path: string): Promise<Plain> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', sqliteProgram, path], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit').then(() => [{ error: 'it has ended' }])
  const ask = async (question: object): Promise<readonly (readonly unknown[])[]> => {
    child.send(question)
    const [answer] = await Promise.race([once(child, 'message'), ended])
    if (answer.error !== undefined) throw new Error(answer.error)
    return answer.rows
  }
  return {
    // one that reads first is refused when somebody has written since
    run: async (...statements) => void (await ask({ run: statements.join(';').replace(/^begin\b/, 'begin immediate') })),
    rows: (query) => ask({ rows: query }),
    async close() {
      const gone = once(child, 'exit')
      if (child.kill()) await gone
    },
  }
}

async function postgresOther(url: string): Promise<Plain> {
  const place = new URL(url)
  const schema = place.searchParams.get('schema')
  place.search = ''
  const client = new pg.Client({ connectionString: place.href, options: `-c search_path=${schema}` })
  client.on('error', () => {})
  await client.connect()
  return {
    run: async (...statements) => void (await client.query(statements.join(';'))),
    rows: async (query) => (await client.query({ text: query, rowMode: 'array' })).rows,
    close: () => client.end(),
  }
}

async function mysqlOther(url: string): Promise<Plain> {
  const place = new URL(url)
  place.search = ''
  const connection = await mysql.createConnection({ uri: place.href, multipleStatements: true })
  connection.on('error', () => {})
  return {
    run: async (...statements) => void (await connection.query(statements.join(';'))),
    async rows(query) {
      const [rows] = await connection.query({ sql: query, rowsAsArray: true })
      return Array.isArray(rows) ? rows.map((row) => (Array.isArray(row) ? row : Object.values(row))) : []
    },
    close: () => connection.end(),
  }
}

/** Why a server cannot tell what others write; false when it can. */
async function whyNot(server: string): Promise<string | false> {
  if (server.startsWith('sqlite:')) return false
  const other = await plainConnection(server)
  try {
    const isPostgres = server.startsWith('postgres')
    const [row] = await other.rows(isPostgres ? "select current_setting('wal_level') = 'logical'" : 'select @@log_bin')
    return Number(row?.[0]) === 1 ? false : `${server} has no log that can be read: wal_level = logical, log_bin`
  } finally {
    await other.close()
  }
}

function emptying(kind: string, table: string): string[] {
  return [...(kind === 'PostgreSQL' ? [] : ['set foreign_key_checks = 0']), `truncate table ${table}`]
}

async function cutAll(other: SqlOther, kind: string): Promise<void> {
  if (kind === 'PostgreSQL') {
    const own =
      'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()'
    await other.run(
      `${own} and (backend_type = 'walsender' or query ilike '%' || current_schema() || '%' or application_name = current_schema())`,
    )
    return
  }
  for (const [id] of await other.rows(
    'select id from information_schema.processlist where db = database() and id <> connection_id()',
  )) {
    // it may have ended by itself, with the one before it
    await other.run(`kill ${id}`).catch(() => {})
  }
}

async function throwAway(other: SqlOther, kind: string): Promise<void> {
  if (kind === 'PostgreSQL') {
    await other.run(
      'select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name in (select pubname from pg_publication_tables where schemaname = current_schema())',
    )
    return
  }
  const names = async () => (await other.rows('show binary logs')).map(([name]) => name)
  const last = (await names()).at(-1)
  // MariaDB keeps a file for as long as it may need it after a crash
  while ((await names()).includes(last)) {
    await other.run('flush binary logs')
    await other.run(`purge binary logs to '${(await names()).at(-1)}'`)
  }
}

async function leftOf(other: SqlOther, kind: string): Promise<readonly unknown[]> {
  if (kind === 'SQLite') return other.rows("select name from sqlite_schema where name like 'tapri_out%' or name = 'tapri_own'")
  if (kind !== 'PostgreSQL') return other.rows("select value from tapri_meta where name = 'captured'")
  const thick = "select relname from pg_class where relnamespace = current_schema()::regnamespace and relreplident = 'f'"
  const published = 'select pubname from pg_publication_tables where schemaname = current_schema()'
  const place = "sha256(convert_to(concat_ws(' ', current_database(), current_schema()), 'UTF8'))"
  const slots = `select slot_name from pg_replication_slots where slot_name = 'tapri_' || left(encode(${place}, 'hex'), 32)`
  return other.rows(`${thick} union all ${published} union all ${slots}`)
}
