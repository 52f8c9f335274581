import type { Change, Models } from '../../data/index.ts'
import { isOfAnother } from '../attach.ts'
import { type FileDb, idOf } from '../file-db.ts'
import type { Place } from './row-media.ts'

/** The names of the fields for films and recordings of each model that has any. */
export type FilmFields = ReadonlyMap<string, readonly string[]>

export function filmFields(models: Models): FilmFields {
  const found = new Map<string, string[]>()
  for (const [model, shape] of Object.entries(models)) {
    const names = Object.entries(shape).flatMap(([name, { '~field': facts }]) => {
      const kind = facts.kind === 'file' ? facts.media?.kind : undefined
      return kind === 'video' || kind === 'audio' ? [name] : []
    })
    if (names.length > 0) found.set(model, names)
  }
  return found
}

/**
 * Gives each film and recording that a transaction puts into a row a job, and ends the jobs of those that it takes out. Runs
 * inside that transaction, so that no film is forgotten by a crash.
 */
export async function noteFilms(
  changes: readonly Change[],
  db: FileDb,
  { fields, now }: { readonly fields: FilmFields; readonly now: Date },
): Promise<void> {
  for (const [file, place] of moved(changes, fields)) {
    const job = await db.tapri_films.first({ where: { file: idOf(file) } })
    if (place === null) {
      if (job !== null) await db.tapri_films.delete(job.id)
    } else if (job !== null) await db.tapri_films.update(job.id, { ...place })
    else {
      const { owner } = await db.tapri_files.get(idOf(file))
      await db.tapri_films.create({ file: idOf(file), ...place, owner, state: 'waiting', expires: now, made: [] })
    }
  }
}

/** Of each film that moved: where it is when the transaction ends, null for nowhere. */
function moved(changes: readonly Change[], fields: FilmFields): ReadonlyMap<string, Place | null> {
  const found = new Map<string, Place | null>()
  for (const change of changes) {
    const before = filmsOf(change, 'before', fields)
    const after = filmsOf(change, 'after', fields)
    const row = { model: change.model, row: change.id }
    for (const file of before.keys()) {
      // a row that gained it before this one let it go still has it
      if (!after.has(file) && !isOfAnother(found.get(file), row)) found.set(file, null)
    }
    for (const [file, field] of after) {
      if (before.get(file) !== field) found.set(file, { ...row, field })
    }
  }
  return found
}

/** The fields of a row's films by the ids of these. */
function filmsOf(change: Change, side: 'before' | 'after', fields: FilmFields): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const row: Readonly<Record<string, unknown>> | null = change[side]
  for (const field of (row === null ? undefined : fields.get(change.model)) ?? []) {
    const value = row?.[field]
    if (typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string') found.set(value.id, field)
  }
  return found
}
