import { existsSync } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { backupDatabase } from '../data/index.ts'
import { copyStore, openDisk } from '../files/index.ts'
import { newId } from '../kit/ids.ts'
import { formatBytes } from '../kit/measures.ts'
import { cliError } from './errors.ts'
import { parts, readPlaces, stampOf } from './places.ts'
import { readWords } from './words.ts'

/** `tapri backup [--to FOLDER] [--files no]`: copies database and files into a new folder, while the app runs. */
export async function backup(words: readonly string[]): Promise<void> {
  const { values } = readWords('backup', words, { values: ['--to', '--files'], places: 0 })
  const withFiles = values.get('--files') ?? 'yes'
  if (withFiles !== 'yes' && withFiles !== 'no') {
    throw cliError('TAPRI_CLI_USAGE', `Cannot run "tapri backup": --files is "${withFiles}", it must be yes or no`)
  }
  const target = resolve(values.get('--to') ?? join('backups', stampOf(new Date())))
  if (existsSync(target)) throw cliError('TAPRI_CLI_BACKUP', `Cannot back up to "${target}": it is there already`)
  const places = readPlaces()
  // servers have tools of their own, and this tells of them
  if (!places.database.startsWith('sqlite:')) return backupDatabase(places.database, target)
  const unfinished = `${target}.${newId()}.unfinished`
  try {
    const told = [await copyAll(places.database, withFiles === 'yes' ? places.files : undefined, unfinished)]
    if (withFiles === 'yes' && places.files === undefined)
      told.push('without the files: they are not in a folder of this machine')
    await mkdir(dirname(target), { recursive: true })
    await rename(unfinished, target)
    console.log(`Backed up to ${target}: ${told.join(', ')}`)
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
}

/** What a row of the copy names is among the files: those of before are copied before it, those that came meanwhile after. */
async function copyAll(database: string, files: string | undefined, to: string): Promise<string> {
  if (files === undefined || !existsSync(files)) return copyDatabase(database, to)
  const from = await openDisk(files)
  const copy = await openDisk(join(to, parts.files))
  const before = await copyStore(from, copy)
  const told = await copyDatabase(database, to)
  const meanwhile = await copyStore(from, copy)
  const count = before.files + meanwhile.files
  return `${told}, ${count} ${count === 1 ? 'file' : 'files'} of ${formatBytes(before.bytes + meanwhile.bytes)}`
}

async function copyDatabase(database: string, to: string): Promise<string> {
  const file = join(to, parts.database)
  await backupDatabase(database, file)
  return `database of ${formatBytes((await stat(file)).size)}`
}
