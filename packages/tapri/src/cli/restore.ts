import { existsSync, statSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { restoreDatabase } from '../data/index.ts'
import { copyStore, openDisk } from '../files/index.ts'
import { newId } from '../kit/ids.ts'
import { cliError } from './errors.ts'
import { parts, readPlaces, stampOf } from './places.ts'
import { readWords } from './words.ts'

/** `tapri restore FOLDER [--damaged]`: puts a backup, or a single database file, in the place of what is there. */
export async function restore(words: readonly string[]): Promise<void> {
  const { places: given, flags } = readWords('restore', words, { flags: ['--damaged'], places: 1 })
  const [from] = given
  if (from === undefined) throw cliError('TAPRI_CLI_USAGE', 'Cannot run "tapri restore": name the folder of a backup')
  const { database, files } = readPlaces()
  const backup = partsOf(resolve(from))
  const at = new Date()
  // the files are copied before anything is changed, and take their place after the database has
  const fresh = files === undefined || backup.files === undefined ? undefined : await copyFiles(backup.files, files)
  try {
    const kept = await restoreDatabase(database, backup.database, { at, damaged: flags.has('--damaged') })
    console.log(`Restored the database from ${backup.database}`)
    if (kept !== undefined) console.log(`The one before is kept: ${kept}`)
    if (files !== undefined && fresh !== undefined) await exchangeFolder(files, fresh, at)
  } finally {
    if (fresh !== undefined) await rm(fresh, { recursive: true, force: true })
  }
}

function partsOf(path: string): { readonly database: string; readonly files: string | undefined } {
  if (!existsSync(path)) throw cliError('TAPRI_CLI_BACKUP', `Cannot restore "${path}": it is not there`)
  if (!statSync(path).isDirectory()) return { database: path, files: undefined }
  const files = join(path, parts.files)
  return { database: join(path, parts.database), files: existsSync(files) ? files : undefined }
}

async function copyFiles(from: string, beside: string): Promise<string> {
  const fresh = `${beside}.${newId()}.restoring`
  await copyStore(await openDisk(from), await openDisk(fresh))
  return fresh
}

async function exchangeFolder(files: string, fresh: string, at: Date): Promise<void> {
  const kept = `${files}.before-${stampOf(at)}`
  const isThere = existsSync(files)
  if (isThere) await rename(files, kept)
  await rename(fresh, files)
  console.log(`Restored the files${isThere ? `; those before are kept: ${kept}` : ''}`)
}
