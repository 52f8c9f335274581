import type { Change, Models } from '../data/index.ts'
import { filesError } from './errors.ts'
import { type FileDb, type FileId, idOf } from './file-db.ts'
import type { Stored } from './store.ts'

/** The names of the file fields of each model that has any. */
export type FileFields = ReadonlyMap<string, readonly string[]>

interface Row {
  readonly model: string
  readonly row: string
}

interface Owner extends Row {
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
  for (const [id, { left, owner }] of moves(changes, fields)) {
    if (owner === null) await letGo(db, idOf(id), left)
    else await take(db, idOf(id), { ...owner, ...stored(id) })
  }
}

/** Another transaction may have moved it meanwhile: what it is now is asked by the write itself. */
async function take(db: FileDb, id: FileId, owner: Owner & Partial<Stored>): Promise<void> {
  const { model, row } = owner
  const where = { id, or: [{ state: 'pending' as const }, { state: 'attached' as const, model, row }] }
  if ((await db.tapri_files.updateWhere(where, { state: 'attached', ...owner })) === 1) return
  const file = await db.tapri_files.first({ where: { id } })
  throw file === null || file.state === 'orphaned' ? gone(owner) : taken(owner)
}

/** A file taken and let go in one transaction is still its form's to remove. */
async function letGo(db: FileDb, id: FileId, left: readonly Owner[]): Promise<void> {
  const or = left.map(({ model, row }) => ({ model, row }))
  await db.tapri_files.updateWhere({ id, state: 'attached', or }, { state: 'orphaned' })
}

interface Move {
  /** The rows that had it and have it no more. */
  readonly left: readonly Owner[]
  /** Who has it when the transaction ends, null for nobody. */
  readonly owner: Owner | null
}

const unmoved: Move = { left: [], owner: null }

/** Whether something is in a row, and that is not this one. */
export function isOfAnother(one: Row | null | undefined, { model, row }: Row): boolean {
  return one !== null && one !== undefined && (one.model !== model || one.row !== row)
}

function moves(changes: readonly Change[], fields: FileFields): Map<string, Move> {
  const moved = new Map<string, Move>()
  for (const change of changes) {
    const before = filesOf(change, 'before', fields)
    const after = filesOf(change, 'after', fields)
    for (const [id, owner] of before) {
      if (after.has(id)) continue
      const { left, owner: other } = moved.get(id) ?? unmoved
      // a row that gained it before this one let it go still has it: whether it may is asked when it is taken
      moved.set(id, { left: [...left, owner], owner: isOfAnother(other, owner) ? other : null })
    }
    for (const [id, owner] of after) {
      if (before.get(id)?.field === owner.field) continue
      const { left, owner: other } = moved.get(id) ?? unmoved
      if (isOfAnother(other, owner)) throw taken(owner)
      moved.set(id, { left, owner })
    }
  }
  return moved
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
    `Cannot write ${model}.${field}: the file has been removed; upload it again, and let the handler write it before it answers`,
  )
}
