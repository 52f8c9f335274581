import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { MigrationFile, NamedMigration } from '../data/index.ts'
import { cliError } from './errors.ts'

const folder = 'migrations'
const fileForm = /^(\d{4,}_[a-z0-9][a-z0-9_-]*)\.(?:[cm]?[jt]s)$/
const nameForm = /^[a-z0-9][a-z0-9_-]*$/

/** The files in `migrations/`, in the order of their names. */
export async function loadMigrations(): Promise<NamedMigration[]> {
  const files = existsSync(folder) ? readdirSync(folder).sort() : []
  const found: NamedMigration[] = []
  for (const file of files) {
    const name = fileForm.exec(file)?.[1]
    if (name === undefined) continue
    const path = join(folder, file)
    const module: { readonly default?: unknown } = await import(pathToFileURL(resolve(path)).href)
    if (!isMigration(module.default)) {
      throw cliError('TAPRI_CLI_MIGRATION', `Cannot use ${path}: its default export must be what migration({ … }) gives`)
    }
    found.push({ name, checksum: checksumOf(readFileSync(path, 'utf8')), file: module.default })
  }
  return found
}

/** Writes the next file; answers its path. */
export function writeMigration(name: string, text: string, others: readonly NamedMigration[]): string {
  if (!nameForm.test(name)) {
    throw cliError('TAPRI_CLI_USAGE', `Cannot call a migration "${name}": use small letters, digits, "-" and "_"`)
  }
  const last = Math.max(0, ...others.map((file) => Number.parseInt(file.name, 10)))
  const path = join(folder, `${String(last + 1).padStart(4, '0')}_${name}.ts`)
  mkdirSync(folder, { recursive: true })
  // one that is there already was made this moment by somebody else
  writeFileSync(path, text, { flag: 'wx' })
  return path
}

/** Git may end the lines of the same file otherwise on another machine. */
function checksumOf(text: string): string {
  return createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex')
}

function isMigration(value: unknown): value is MigrationFile {
  return typeof value === 'object' && value !== null && 'steps' in value && Array.isArray(value.steps)
}
