import { closeSync, openSync, readSync } from 'node:fs'
import { dataError } from '../../errors.ts'
import { Connection } from './connection.ts'

// https://sqlite.org/fileformat2.html#the_database_header
const magic = 'SQLite format 3\0'
const headerLength = 100
const versionAt = 96

/** Looks whether a file is a whole database of ours that this SQLite can read.
 * @throws TAPRI_DATA_BACKUP */
export function examine(path: string): void {
  const written = versionOf(path)
  let connection: Connection | undefined
  try {
    connection = new Connection({ path, synchronous: 'OFF' }, { readOnly: true })
    const own = numberOf(String(connection.value('SELECT sqlite_version()')))
    if (written > own) {
      throw cannot(path, `SQLite ${wordsOf(written)} has written it, this Node carries ${wordsOf(own)}: update Node`)
    }
    const damage = connection.value('PRAGMA integrity_check(1)')
    if (damage !== 'ok') throw cannot(path, `it is damaged, ${damage}`)
    if (!isOurs(connection)) throw cannot(path, 'it is an SQLite database, but none of Tapri')
  } catch (cause) {
    if (isOfSqlite(cause)) throw cannot(path, `it is damaged, ${cause.message}`, cause)
    throw cause
  } finally {
    connection?.close()
  }
}

function isOurs(connection: Connection): boolean {
  const names = connection.rows({ sql: "SELECT name FROM sqlite_schema WHERE type = 'table'", parameters: [] }).flat()
  if (!names.includes('tapri_meta') || !names.includes('tapri_changes')) return false
  return connection.value("SELECT value FROM tapri_meta WHERE name = 'epoch'") !== undefined
}

/** The SQLite that wrote it last, as a number like 3053004. */
function versionOf(path: string): number {
  const header = Buffer.alloc(headerLength)
  let length: number
  try {
    const file = openSync(path, 'r')
    try {
      length = readSync(file, header, 0, headerLength, 0)
    } finally {
      closeSync(file)
    }
  } catch (cause) {
    throw cannot(path, cause instanceof Error ? cause.message : String(cause), cause)
  }
  if (length < headerLength || header.toString('latin1', 0, magic.length) !== magic)
    throw cannot(path, 'it is no SQLite database')
  return header.readUInt32BE(versionAt)
}

function numberOf(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  return major * 1_000_000 + minor * 1000 + patch
}

function wordsOf(version: number): string {
  return [Math.floor(version / 1_000_000), Math.floor(version / 1000) % 1000, version % 1000].join('.')
}

function isOfSqlite(cause: unknown): cause is Error {
  return cause instanceof Error && 'code' in cause && (cause.code === 'TAPRI_DATA_STORAGE' || cause.code === 'ERR_SQLITE_ERROR')
}

function cannot(path: string, reason: string, cause?: unknown) {
  return dataError('TAPRI_DATA_BACKUP', `Cannot use "${path}" as a backup: ${reason}`, { cause })
}
