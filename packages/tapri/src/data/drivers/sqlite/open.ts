import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { TapriError } from '../../../kit/errors.ts'
import type { DatabaseFacts, Driver, Surroundings } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import { SqliteCapture } from './capture.ts'
import { hasNotes } from './capture-triggers.ts'
import { Connection } from './connection.ts'
import { type FileParts, SqliteDriver } from './driver.ts'
import { ReadPool } from './read-pool.ts'
import { inodeOf, Upkeep } from './upkeep.ts'
import { readUrl, type SqliteUrl } from './url.ts'

/** Older ones can corrupt a write-ahead log that two connections reset at once. */
const oldest = '3.51.3'

/** Opens or makes the database file, and the folder that it is in.
 * @throws TAPRI_DATA_URL, TAPRI_DATA_OPEN */
export function openSqlite(url: string, around: Surroundings): Driver {
  const place = readUrl(url)
  let writer: Connection | undefined
  try {
    const inode = inodeOf(place.path)
    if (place.path !== ':memory:') mkdirSync(dirname(place.path), { recursive: true })
    writer = new Connection(place)
    requireVersion(writer)
    const facts = prepare(writer)
    return new SqliteDriver(facts, writer, place.path === ':memory:' ? undefined : openFile({ ...place, inode }, writer, around))
  } catch (cause) {
    closeQuietly(writer)
    throw cannotOpen(place, cause)
  }
}

function openFile(
  { path, synchronous, statementTimeout, readers, capture, inode }: SqliteUrl & { readonly inode: bigint | undefined },
  writer: Connection,
  around: Surroundings,
): FileParts {
  const limit = statementTimeout
  const pool = ReadPool.open({ path, limit, most: readers, clock: around.clock })
  const quietly = async (work: () => void) => (pool === undefined ? work() : pool.quietly(work))
  const upkeep = new Upkeep({ ...around, path, inode, writer, quietly })
  const second = new Connection({ path, synchronous })
  // also where nobody hears it, as in a migration from the command line, what we write is ours
  writer.marksOwn = capture && hasNotes(writer)
  const capturing = new SqliteCapture({ isOn: capture, path, writer, reader: second, clock: around.clock })
  return { path, second, pool, upkeep, limit, capture: capturing }
}

function requireVersion(connection: Connection): void {
  const version = String(connection.value('SELECT sqlite_version()'))
  if (isOlder(version, oldest)) {
    throw dataError('TAPRI_DATA_OPEN', `this Node carries SQLite ${version}, at least ${oldest} is needed: update Node`)
  }
}

/** Whether a version like 3.51.2 comes before another. */
export function isOlder(version: string, than: string): boolean {
  const one = version.split('.').map(Number)
  const other = than.split('.').map(Number)
  const at = [0, 1, 2].find((index) => one[index] !== other[index]) ?? 0
  return (one[at] ?? 0) < (other[at] ?? 0)
}

/** Writing also proves that the file can be written; while another process migrates for long, it proves that. */
function prepare(connection: Connection): DatabaseFacts {
  try {
    connection.run('BEGIN IMMEDIATE')
  } catch (cause) {
    const isMade = connection.value("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'tapri~_m%' ESCAPE '~'") !== 0
    if (!(isMade && cause instanceof TapriError && cause.code === 'TAPRI_DATA_BUSY')) throw cause
    return readFacts(connection)
  }
  makeTables(connection)
  const facts = readFacts(connection)
  connection.run('COMMIT')
  return facts
}

/** The tables of the framework's own book-keeping. */
function makeTables(connection: Connection): void {
  connection.run('CREATE TABLE IF NOT EXISTS tapri_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT')
  // without AUTOINCREMENT, which would write one more page with each commit: the newest entry is never forgotten, so
  // the position after it is always a new one
  connection.run(
    'CREATE TABLE IF NOT EXISTS tapri_changes (position INTEGER PRIMARY KEY, at INTEGER NOT NULL, changes TEXT NOT NULL) STRICT',
  )
  connection.run(
    'CREATE TABLE IF NOT EXISTS tapri_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, steps TEXT NOT NULL) STRICT',
  )
  for (const name of ['epoch', 'secret']) {
    connection.write({
      sql: 'INSERT INTO tapri_meta (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING',
      parameters: [name, randomBytes(16).toString('hex')],
    })
  }
}

function readFacts(connection: Connection): DatabaseFacts {
  const meta = (name: string) => String(connection.value('SELECT value FROM tapri_meta WHERE name = ?', name))
  const position = Number(connection.value('SELECT max(position) FROM tapri_changes') ?? 0)
  return { epoch: meta('epoch'), secret: meta('secret'), position }
}

function closeQuietly(connection: Connection | undefined): void {
  try {
    connection?.close()
  } catch {
    // the reason why it could not be opened matters more than that it could not be closed
  }
}

function cannotOpen(place: SqliteUrl, cause: unknown): TapriError {
  return dataError('TAPRI_DATA_OPEN', `Cannot open the database "${place.path}": ${reasonOf(cause)}`, { cause })
}

function reasonOf(cause: unknown): string {
  const origin = cause instanceof TapriError && cause.cause instanceof Error ? cause.cause : cause
  if (!(origin instanceof Error)) return String(origin)
  const code = 'code' in origin ? origin.code : undefined
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return 'its folder may not be written'
  if (code === 'ENOTDIR' || code === 'EEXIST') return 'a part of its path is a file, not a folder'
  if ('errcode' in origin && typeof origin.errcode === 'number') return sqliteReason(origin.errcode & 0xff, origin.message)
  return origin.message
}

function sqliteReason(kind: number, message: string): string {
  if (kind === 26) return 'the file is not an SQLite database'
  if (kind === 11) return `the file is damaged: restore it from a backup (${message})`
  if (kind === 8) return 'the file or its folder may not be written'
  if (kind === 14) return 'the file cannot be read, or its folder may not be written'
  if (kind === 5 || kind === 6) return 'another process keeps it locked'
  return message
}
