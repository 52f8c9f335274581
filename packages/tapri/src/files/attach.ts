import type { Change, Models } from '../data/index.ts'
import { filesError } from './errors.ts'
import { type FileDb, idOf } from './file-db.ts'
import type { Stored } from './store.ts'

/** The names of the file fields of each model that has any. */
export type FileFields = ReadonlyMap<string, readonly string[]>

interface Owner {
  readonly model: string
  readonly row: string
  readonly field: string
}

interface Attaching {
  readonly changes: readonly Change[]
  /** Of the transaction that made the changes. */
  readonly db: FileDb
  readonly fields: FileFields
  /** What this process has received of a file. */
  readonly stored: (id: string) => Stored | undefined
}

export function fileFields(models: Models): FileFields {
  const found = new Map<string, string[]>()
  for (const [model, shape] of Object.entries(models)) {
    const names = Object.keys(shape).filter((name) => shape[name]?.['~field'].kind === 'file')
    if (names.length > 0) found.set(model, names)
  }
  return found
}

/** The ids of files that a row had before a change and has no more. */
export function filesLost(change: Change, fields: FileFields): string[] {
  const kept = new Set(filesOf(change, 'after', fields).keys())
  return [...filesOf(change, 'before', fields).keys()].filter((id) => !kept.has(id))
}

/**
 * Moves the files of a transaction's rows along: those that a row took become attached, those that it let go
 * orphaned. Runs inside that transaction, so files and rows commit together or not at all.
 * @throws TAPRI_FILES_TAKEN, TAPRI_FILES_GONE
 */
export async function attachFiles({ changes, db, fields, stored }: Attaching): Promise<void> {
  for (const [id, owner] of lastOwners(changes, fields)) {
    const file = await db.tapri_files.first({ where: { id: idOf(id) } })
    if (owner === null) {
      // a file taken and let go in one transaction is still its form's to remove
      if (file?.state === 'attached') await db.tapri_files.update(file.id, { state: 'orphaned' })
      continue
    }
    if (file === null || file.state === 'orphaned') throw gone(owner)
    if (file.state === 'attached' && (file.model !== owner.model || file.row !== owner.row)) throw taken(owner)
    await db.tapri_files.update(file.id, { state: 'attached', ...owner, ...stored(id) })
  }
}

/** Of each file that moved: who has it when the transaction ends, null for nobody. */
function lastOwners(changes: readonly Change[], fields: FileFields): Map<string, Owner | null> {
  const owners = new Map<string, Owner | null>()
  for (const change of changes) {
    const before = filesOf(change, 'before', fields)
    const after = filesOf(change, 'after', fields)
    for (const id of before.keys()) if (!after.has(id)) owners.set(id, null)
    for (const [id, owner] of after) {
      if (before.get(id)?.field === owner.field) continue
      const other = owners.get(id)
      if (other && (other.model !== owner.model || other.row !== owner.row)) throw taken(owner)
      owners.set(id, owner)
    }
  }
  return owners
}

function filesOf(change: Change, side: 'before' | 'after', fields: FileFields): Map<string, Owner> {
  const found = new Map<string, Owner>()
  const row: Readonly<Record<string, unknown>> | null = change[side]
  if (row === null) return found
  for (const field of fields.get(change.model) ?? []) {
    const value = row[field]
    if (typeof value !== 'object' || value === null || !('id' in value) || typeof value.id !== 'string') continue
    found.set(value.id, { model: change.model, row: change.id, field })
  }
  return found
}

function taken({ model, field }: Owner) {
  return filesError(
    'TAPRI_FILES_TAKEN',
    `Cannot write ${model}.${field}: another row has this file, and each file belongs to one row`,
  )
}

function gone({ model, field }: Owner) {
  return filesError(
    'TAPRI_FILES_GONE',
    `Cannot write ${model}.${field}: the file has been removed; a handler must write it before it answers`,
  )
}
