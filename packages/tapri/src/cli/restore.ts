import { existsSync, statSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { restoreDatabase } from '../data/index.ts'
import { copyStore, openDisk, openStore } from '../files/index.ts'
import { newId } from '../kit/ids.ts'
import { damagedFiles } from './digests.ts'
import { cliError } from './errors.ts'
import { type Places, parts, readPlaces, stampOf } from './places.ts'
import { readWords } from './words.ts'

interface Backup {
  /** Undefined when it has none. */
  readonly database: string | undefined
  /** The folder that the files are in, and their digests; undefined when it has none. */
  readonly folder: string | undefined
}

/** `tapri restore FOLDER [--damaged]`: puts a backup, or a single database file, in the place of what is there. */
export async function restore(words: readonly string[]): Promise<void> {
  const { places: given, flags } = readWords('restore', words, { flags: ['--damaged'], places: 1 })
  const [from] = given
  if (from === undefined) throw cliError('TAPRI_CLI_USAGE', 'Cannot run "tapri restore": name the folder of a backup')
  const places = readPlaces()
  const backup = partsOf(resolve(from))
  const at = new Date()
  const damaged = flags.has('--damaged')
  if (backup.folder !== undefined) await requireWhole(backup.folder, { damaged })
  // the files are copied before anything is changed, and take their place after the database has
  const fresh = backup.folder === undefined ? undefined : await copyFiles(join(backup.folder, parts.files), places)
  try {
    if (backup.database !== undefined) await exchangeDatabase(places.database, backup.database, { at, damaged })
    if (places.folder !== undefined && fresh !== undefined) await exchangeFolder(places.folder, fresh, at)
  } finally {
    if (fresh !== undefined) await rm(fresh, { recursive: true, force: true })
  }
}

function partsOf(path: string): Backup {
  if (!existsSync(path)) throw cliError('TAPRI_CLI_BACKUP', `Cannot restore "${path}": it is not there`)
  if (!statSync(path).isDirectory()) return { database: path, folder: undefined }
  const hasFiles = existsSync(join(path, parts.files))
  const database = join(path, parts.database)
  return { database: hasFiles && !existsSync(database) ? undefined : database, folder: hasFiles ? path : undefined }
}

async function requireWhole(folder: string, { damaged }: { readonly damaged: boolean }): Promise<void> {
  const found = await damagedFiles(folder)
  if (found.length === 0) return
  const are = `${found.length} of its files are damaged or missing, like "${found[0]}"`
  if (!damaged) {
    throw cliError('TAPRI_CLI_BACKUP', `Cannot restore "${folder}": ${are}; --damaged restores what there is`)
  }
  console.error(`Warning: ${are}`)
}

/** On this machine into a folder beside the one that is there, which is answered. In a store elsewhere they come to what is there:
 * whatever the database of before has named stays too. */
async function copyFiles(path: string, { files, folder }: Places): Promise<string | undefined> {
  const fresh = folder === undefined ? undefined : `${folder}.${newId()}.restoring`
  const from = await openDisk(path)
  const to = fresh === undefined ? await openStore(files) : await openDisk(fresh)
  try {
    const { files: count } = await copyStore(from, to)
    if (fresh === undefined) console.log(`Restored the files: ${count} were missing, the others are there`)
    return fresh
  } catch (cause) {
    if (fresh !== undefined) await rm(fresh, { recursive: true, force: true })
    throw cause
  } finally {
    await from.close()
    await to.close()
  }
}

async function exchangeDatabase(
  url: string,
  from: string,
  options: { readonly at: Date; readonly damaged: boolean },
): Promise<void> {
  const kept = await restoreDatabase(url, from, options)
  console.log(`Restored the database from ${from}`)
  if (kept !== undefined) console.log(`The one before is kept: ${kept}`)
}

async function exchangeFolder(files: string, fresh: string, at: Date): Promise<void> {
  const kept = `${files}.before-${stampOf(at)}`
  const isThere = existsSync(files)
  if (isThere) await rename(files, kept)
  await rename(fresh, files)
  console.log(`Restored the files${isThere ? `; those before are kept: ${kept}` : ''}`)
}
