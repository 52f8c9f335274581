import type { Change, Models } from '../../data/index.ts'
import { type FileDb, idOf } from '../file-db.ts'

/** The models that have fields for live streams. */
export function streamFields(models: Models): ReadonlySet<string> {
  const hasStream = (shape: Models[string]) =>
    Object.values(shape).some(({ '~field': facts }) => facts.kind === 'file' && facts.media?.kind === 'live')
  return new Set(Object.keys(models).filter((model) => hasStream(models[model] ?? {})))
}

/** Removes the keys of rows that a transaction deletes, inside it; their files go as those of other fields do. */
export async function forgetStreams(changes: readonly Change[], db: FileDb, models: ReadonlySet<string>): Promise<void> {
  for (const { model, id, after } of changes) {
    if (after !== null || !models.has(model)) continue
    for (const stream of await db.tapri_streams.find({ where: { model, row: id } }))
      await db.tapri_streams.delete(idOf(stream.id))
  }
}
