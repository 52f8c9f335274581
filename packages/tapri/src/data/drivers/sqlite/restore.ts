import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, link, mkdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { newId } from '../../../kit/ids.ts'
import { dataError } from '../../errors.ts'
import { sync, syncFolder } from './backup.ts'
import { Connection } from './connection.ts'
import { examine } from './examine.ts'
import { readUrl } from './url.ts'

export interface RestoreOptions {
  /** The moment, for the name of what was there before. */
  readonly at: Date
  /** The database that is there is so damaged that nobody can tell whether an app runs on it: it does not. */
  readonly damaged: boolean
}

/** Puts a backup in the place of the database. Answers where the one before is kept, if there was one.
 * @throws TAPRI_DATA_BACKUP when the backup is of no use, or an app runs on the database */
export async function restoreSqlite(url: string, from: string, options: RestoreOptions): Promise<string | undefined> {
  const { path } = readUrl(url)
  if (path === ':memory:') throw cannot(path, 'it is in memory, and begins anew with the app')
  examine(from)
  await mkdir(dirname(path), { recursive: true })
  const fresh = `${path}.${newId()}.restoring`
  try {
    await copyFile(from, fresh)
    renew(fresh)
    await sync(fresh)
    return await replace(path, fresh, options)
  } finally {
    for (const ending of endings) await rm(fresh + ending, { force: true })
  }
}

/** The file, and what SQLite keeps beside it. */
const endings = ['', '-wal', '-shm', '-journal']

/** Live clients ask anew when the epoch is another: what they know may never have been. */
function renew(path: string): void {
  const connection = new Connection({ path, synchronous: 'FULL' })
  try {
    connection.write({
      sql: "UPDATE tapri_meta SET value = ? WHERE name = 'epoch'",
      parameters: [randomBytes(16).toString('hex')],
    })
  } finally {
    connection.close()
  }
}

async function replace(path: string, fresh: string, { at, damaged }: RestoreOptions): Promise<string | undefined> {
  const kept = `${path}.before-${at.toISOString().replaceAll(/[:.]/g, '-')}`
  const isThere = existsSync(path)
  if (!isThere || damaged) {
    // a log without its database, or with a damaged one, would be read into the restored one
    for (const ending of endings) if (existsSync(path + ending)) await rename(path + ending, kept + ending)
    await rename(fresh, path)
  } else {
    const lock = lockAlone(path)
    try {
      // by a second name first: there is no moment without a database
      await link(path, kept)
      await rename(fresh, path)
    } finally {
      lock.close()
    }
  }
  await syncFolder(dirname(path))
  return isThere ? kept : undefined
}

/** Everybody who has a database with a write-ahead log open keeps a lock on it; only one alone can end the log. */
function lockAlone(path: string): Connection {
  let connection: Connection | undefined
  try {
    connection = new Connection({ path, synchronous: 'FULL' })
    connection.run('PRAGMA busy_timeout = 500')
    connection.run('PRAGMA locking_mode = EXCLUSIVE')
    if (connection.value('PRAGMA journal_mode = DELETE') !== 'delete') throw runs(path)
    connection.run('BEGIN EXCLUSIVE')
    return connection
  } catch (cause) {
    connection?.close()
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'TAPRI_DATA_BUSY') throw runs(path, cause)
    if (code !== 'TAPRI_DATA_STORAGE') throw cause
    const reason = 'it is so damaged that nobody can tell whether an app runs on it: stop the app, and add --damaged'
    throw cannot(path, reason, cause)
  }
}

function runs(path: string, cause?: unknown) {
  return cannot(path, 'an app, or another program, has it open: stop it first', cause)
}

function cannot(path: string, reason: string, cause?: unknown) {
  return dataError('TAPRI_DATA_BACKUP', `Cannot restore the database "${path}": ${reason}`, { cause })
}
