import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { openLog } from '../../observe/index.ts'
import { type Database, openDatabase, scratchDatabase } from '../index.ts'
import { sqlServers } from '../servers.fixture.ts'
import { listen } from './listen.fixture.ts'
import { models } from './models.fixture.ts'

/** All columns of a thing but its id, as SQL names them. */
export const columns = Object.keys(models.things)
  .filter((name) => !name.startsWith('~'))
  .join(', ')

/** Another program, which knows nothing of Tapri. */
export interface Other {
  run(...statements: readonly string[]): Promise<void>
  rows(query: string): Promise<readonly (readonly unknown[])[]>
  close(): Promise<void>
}

export interface Place {
  readonly url: string
  open(options?: { readonly capture?: boolean; readonly fail?: (error: unknown) => void }): Promise<Database>
  other(): Promise<Other>
}

export interface Kind {
  readonly kind: string
  /** Why it cannot be tested here. */
  readonly skip: string | false
  with(check: (place: Place) => Promise<void>): Promise<void>
}

/** The databases whose captured writes can be tested here. */
export const kinds: readonly Kind[] = await Promise.all(
  sqlServers.map(
    async ({ kind, server }): Promise<Kind> => ({ kind, skip: await whyNot(server), with: (check) => inPlace(server, check) }),
  ),
)

async function inPlace(server: string, check: (place: Place) => Promise<void>): Promise<void> {
  const scratch = server.startsWith('sqlite:') ? scratchFile() : await scratchDatabase(server)
  const opened: { close(): Promise<void> }[] = []
  const kept = <T extends { close(): Promise<void> }>(each: T): T => {
    opened.push(each)
    return each
  }
  try {
    await check({
      url: withCapture(scratch.url),
      async open({ capture = true, fail } = {}) {
        const url = capture ? withCapture(scratch.url) : scratch.url
        return kept(await openDatabase({ models, policies: [], url, migrate: 'auto', ...(fail && { log: failing(fail) }) }))
      },
      other: async () => kept(await connect(scratch.url)),
    })
  } finally {
    for (const each of opened.reverse()) await each.close()
    // without capture nothing of it stays on the server
    await (await openDatabase({ models, policies: [], url: scratch.url, migrate: 'auto' })).close()
    await scratch.dispose()
  }
}

function scratchFile() {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-capture-'))
  return { url: `sqlite:${join(folder, 'app.db')}`, dispose: async () => rmSync(folder, { recursive: true }) }
}

function withCapture(url: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}capture=on`
}

/** A connection that is no part of Tapri. */
export async function connect(url: string): Promise<Other> {
  if (url.startsWith('sqlite:')) return sqliteOther(url.slice('sqlite:'.length).split('?')[0] ?? '')
  return url.startsWith('postgres') ? postgresOther(url) : mysqlOther(url)
}

/** SQLite is a library: the other program must be a process of its own. */
const sqliteProgram = `
  import { DatabaseSync } from 'node:sqlite'
  const database = new DatabaseSync(process.argv[1])
  database.exec('pragma busy_timeout = 5000')
  process.on('message', ({ run, rows }) => {
    try {
      if (run !== undefined) database.exec(run)
      process.send({ rows: rows === undefined ? [] : database.prepare(rows).all().map((row) => Object.values(row)) })
    } catch (error) {
      if (database.isTransaction) database.exec('rollback')
      process.send({ error: error.message })
    }
  })`

async function sqliteOther(path: string): Promise<Other> {
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

async function postgresOther(url: string): Promise<Other> {
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

async function mysqlOther(url: string): Promise<Other> {
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

/** A log that writes nothing, and tells of errors. */
function failing(fail: (error: unknown) => void) {
  const log = openLog({ write: () => {} })
  log.subscribe(({ level, facts }) => level === 'error' && fail(facts.error))
  return log
}

/** Why a server cannot tell what others write; false when it can. */
async function whyNot(server: string): Promise<string | false> {
  if (server.startsWith('sqlite:')) return false
  const other = await connect(server)
  try {
    const isPostgres = server.startsWith('postgres')
    const [row] = await other.rows(isPostgres ? "select current_setting('wal_level') = 'logical'" : 'select @@log_bin')
    return Number(row?.[0]) === 1 ? false : `${server} has no log that can be read: wal_level = logical, log_bin`
  } finally {
    await other.close()
  }
}

/** Opens it, and waits until it hears: what was before anybody listened is told as unknown. */
export async function heard(place: Place): Promise<{ readonly database: Database; readonly told: ReturnType<typeof listen> }> {
  const database = await place.open({ fail: tell })
  const told = listen(database)
  await told.until(({ id }) => id === '')
  told.commits.length = 0
  return { database, told }
}

/** Connections that a test cuts are expected to be told of. */
function tell(error: unknown): void {
  const isCut = error instanceof Error && 'code' in error && error.code === 'TAPRI_DATA_UNREACHABLE'
  if (!isCut) console.error(error)
}
