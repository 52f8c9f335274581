import { existsSync } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { newId } from '../../../kit/ids.ts'
import { dataError } from '../../errors.ts'
import { Connection } from './connection.ts'
import { examine } from './examine.ts'
import { readUrl } from './url.ts'

/** Writes the database as it is at one moment into a new file; an app may read and write meanwhile. The file is whole
 * and synced when it gets its name.
 * @throws TAPRI_DATA_BACKUP, TAPRI_DATA_STORAGE */
export async function backupSqlite(url: string, to: string): Promise<void> {
  const { path } = readUrl(url)
  if (path === ':memory:') throw cannot(path, 'it is in memory, and ends with the app')
  if (!existsSync(path)) throw cannot(path, 'there is no such file')
  const target = resolve(to)
  if (existsSync(target)) throw cannot(path, `"${target}" is there already, and a backup is never written over`)
  await mkdir(dirname(target), { recursive: true })
  const unfinished = `${target}.${newId()}.unfinished`
  try {
    copy(path, unfinished)
    examine(unfinished)
    await sync(unfinished)
    await rename(unfinished, target)
    await syncFolder(dirname(target))
  } finally {
    await rm(unfinished, { force: true })
  }
}

function copy(path: string, to: string): void {
  const connection = new Connection({ path, synchronous: 'FULL' }, { readOnly: true })
  try {
    connection.write({ sql: 'VACUUM INTO ?', parameters: [to] })
  } finally {
    connection.close()
  }
}

export async function sync(path: string): Promise<void> {
  await using handle = await open(path, 'r+')
  await handle.sync()
}

/** A rename is kept by its folder: without this a power cut could take it back. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows cannot sync a folder; NTFS keeps renames in its journal
  if (process.platform === 'win32') return
  await using handle = await open(folder, 'r')
  await handle.sync()
}

function cannot(path: string, reason: string) {
  return dataError('TAPRI_DATA_BACKUP', `Cannot back up the database "${path}": ${reason}`)
}
