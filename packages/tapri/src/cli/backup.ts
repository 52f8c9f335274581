import { existsSync } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { backupDatabase } from '../data/index.ts'
import { copyStore, openDisk, openStore, type Store } from '../files/index.ts'
import { newId } from '../kit/ids.ts'
import { formatBytes } from '../kit/measures.ts'
import { addDigests, type Digests, writeDigests } from './digests.ts'
import { cliError } from './errors.ts'
import { fileRows } from './file-rows.ts'
import { type Places, parts, readPlaces, stampOf } from './places.ts'
import { readWords } from './words.ts'

/** What is to be backed up. */
interface Wanted {
  readonly withDatabase: boolean
  readonly withFiles: boolean
}

/** `tapri backup [--to FOLDER] [--files no] [--database no]`: copies database and files into a new folder, while the app runs. */
export async function backup(words: readonly string[]): Promise<void> {
  const { values } = readWords('backup', words, { values: ['--to', '--files', '--database'], places: 0 })
  const wanted = { withDatabase: isWanted(values, '--database'), withFiles: isWanted(values, '--files') }
  if (!wanted.withDatabase && !wanted.withFiles) throw wrong('without the database and the files there is nothing to do')
  const target = resolve(values.get('--to') ?? join('backups', stampOf(new Date())))
  if (existsSync(target)) throw cliError('TAPRI_CLI_BACKUP', `Cannot back up to "${target}": it is there already`)
  const places = readPlaces()
  // servers have tools of their own, and this tells of them
  if (wanted.withDatabase && !places.database.startsWith('sqlite:')) return backupDatabase(places.database, target)
  // what came from afar is not fetched twice
  const isKept = wanted.withFiles && places.folder === undefined
  const unfinished = isKept ? `${target}.unfinished` : `${target}.${newId()}.unfinished`
  try {
    const told = await copyAll(places, unfinished, wanted)
    // of no file nothing was made
    await mkdir(unfinished, { recursive: true })
    await rename(unfinished, target)
    console.log(`Backed up to ${target}: ${told.join(', ')}`)
  } catch (cause) {
    if (isKept && existsSync(unfinished)) {
      console.error(`What has been copied is kept: go on with "tapri backup --to ${target}" and the same options`)
    }
    throw cause
  } finally {
    if (!isKept) await rm(unfinished, { recursive: true, force: true })
  }
}

function isWanted(values: ReadonlyMap<string, string>, name: '--files' | '--database'): boolean {
  const value = values.get(name) ?? 'yes'
  if (value !== 'yes' && value !== 'no') throw wrong(`${name} is "${value}", it must be yes or no`)
  return value === 'yes'
}

function wrong(why: string) {
  return cliError('TAPRI_CLI_USAGE', `Cannot run "tapri backup": ${why}`)
}

/** What a row of the copy names is among the files: those of before are copied before it, those that came meanwhile after. */
async function copyAll(places: Places, to: string, { withDatabase, withFiles }: Wanted): Promise<readonly string[]> {
  // of an earlier run that did not come to its end, or wanted another part
  await rm(join(to, parts.database), { force: true })
  const hasFiles = withFiles && (places.folder === undefined || existsSync(places.folder))
  const copies = hasFiles ? await openCopies(places, to) : undefined
  try {
    await copies?.bring()
    const told = withDatabase ? [await copyDatabase(places.database, to)] : []
    if (copies === undefined) return told
    await copies.bring()
    const { digests } = copies
    if (withDatabase) tellOfMissing(join(to, parts.database), digests)
    const bytes = [...digests.values()].reduce((sum, { size }) => sum + size, 0)
    return [...told, `${digests.size} ${digests.size === 1 ? 'file' : 'files'} of ${formatBytes(bytes)}`]
  } finally {
    await copies?.close()
  }
}

interface Copies {
  readonly digests: Digests
  /** Copies what is not there yet, and writes down what all is. */
  bring(): Promise<void>
  close(): Promise<void>
}

async function openCopies({ files, folder }: Places, to: string): Promise<Copies> {
  const from: Store = folder === undefined ? await openStore(files) : await openDisk(folder)
  const copy = await openDisk(join(to, parts.files))
  const digests: Digests = new Map()
  return {
    digests,
    async bring() {
      await copyStore(from, copy, { onFile: (key, stored) => digests.set(key, stored) })
      await addDigests(digests, copy)
      await writeDigests(digests, copy, to)
    },
    async close() {
      await from.close()
      await copy.close()
    },
  }
}

async function copyDatabase(database: string, to: string): Promise<string> {
  const file = join(to, parts.database)
  await backupDatabase(database, file)
  return `database of ${formatBytes((await stat(file)).size)}`
}

/** The rest is worth keeping all the same. */
function tellOfMissing(database: string, digests: Digests): void {
  const lost: string[] = []
  const changed: string[] = []
  for (const { key, sha256 } of fileRows(database)) {
    const found = digests.get(key)
    if (found === undefined) lost.push(key)
    else if (sha256 !== null && found.sha256 !== sha256) changed.push(key)
  }
  tell(lost, 'are named by rows and not in the store')
  tell(changed, 'have another SHA-256 than when they came: the store has damaged them')
}

function tell(keys: readonly string[], what: string): void {
  if (keys.length === 0) return
  const some = keys.slice(0, 5).join(', ')
  console.error(`Warning: ${keys.length} files ${what} (${some}${keys.length > 5 ? ', …' : ''})`)
}
