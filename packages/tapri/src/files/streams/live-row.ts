import type { Database } from '../../data/index.ts'
import { notFound } from '../../kit/errors.ts'
import { markReceived } from '../../schema/index.ts'
import { fileFacts } from '../access.ts'
import { idOf } from '../file-db.ts'
import { playlistType } from '../media/encode.ts'
import type { Place } from '../media/row-media.ts'
import type { Live } from '../media.ts'

/** What the column of a live stream keeps. */
export interface LiveFile {
  readonly id: string
  readonly key: string
  readonly media: Live
}

/** The stream that a row shows; null when there is none.
 * @throws TAPRI_NOT_FOUND when there is no such row, or the field is none for streams */
export async function shownStream(database: Pick<Database, 'models' | 'asSystem'>, place: Place): Promise<string | null> {
  const { model, row, field } = place
  if (fileFacts(database, model, field)?.media?.kind !== 'live') throw missing(place)
  const found: Readonly<Record<string, unknown>> | null =
    (await database.asSystem[model]?.first({ where: { id: idOf(row) } })) ?? null
  if (found === null) throw missing(place)
  const shown = found[field]
  return typeof shown === 'object' && shown !== null && 'id' in shown ? String(shown.id) : null
}

/** Lets a row show a live stream, or none any more: a write like any other, so that who follows the row sees it. */
export async function showStream(
  { asSystem: db }: Pick<Database, 'asSystem'>,
  { model, row, field }: Place,
  live: LiveFile | null,
): Promise<void> {
  const value = live === null ? null : markReceived({ ...live, name: 'live', type: playlistType, size: 0 })
  await db[model]?.update(idOf(row), { [field]: value })
}

export function missing({ model, row, field }: Place) {
  return notFound(`No live stream can be sent to ${field} of ${model} "${row.slice(0, 64)}"`)
}
