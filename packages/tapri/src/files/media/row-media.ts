import type { Database } from '../../data/index.ts'
import { markReceived } from '../../schema/index.ts'
import { type FileDb, type FileRow, fileDb, idOf } from '../file-db.ts'
import type { Filmed } from '../media.ts'

/** The place of a file. */
export interface Place {
  readonly model: string
  readonly row: string
  readonly field: string
}

interface Filming extends Place {
  readonly file: FileRow
  /** Changes in the same transaction what must fit to it; with false nothing is changed. May be run again. */
  readonly along?: (db: FileDb) => Promise<boolean>
}

/**
 * Changes what a row shows of its film or recording: it is a write like any other, so that who follows the row sees it.
 * False when the row has that file no more, or `along` said no.
 */
export async function changeFilmed(
  database: Database,
  { file, model, row, field, along }: Filming,
  change: (now: Filmed) => Filmed,
): Promise<boolean> {
  if (!Object.hasOwn(database.models, model)) return false
  return database.asSystem.transaction(async (tx) => {
    const found: Readonly<Record<string, unknown>> | null = (await tx[model]?.first({ where: { id: idOf(row) } })) ?? null
    const shown = found?.[field]
    if (!isShown(shown) || shown.id !== file.id) return false
    if (along !== undefined && !(await along(fileDb(tx)))) return false
    const { id, name, type, size, key } = file
    const media = change(filmedOf(shown))
    await tx[model]?.update(idOf(row), { [field]: markReceived({ id, name, type, size, key, media }) })
    return true
  })
}

interface Shown {
  readonly id: string
  readonly processing: Pick<Filmed, 'state' | 'progress' | 'reason'>
  readonly duration: number | null
  readonly stream: string | null
  readonly width?: number | null
  readonly height?: number | null
  readonly poster?: string | null
  readonly captions?: Filmed['captions']
}

// `shownFile` made it: what has a state of processing is a film or a recording.
function isShown(value: unknown): value is Shown {
  return typeof value === 'object' && value !== null && 'id' in value && 'processing' in value
}

/** What the column keeps, of what the row shows of it. */
function filmedOf({ processing, duration, stream, width = null, height = null, poster = null, captions = [] }: Shown): Filmed {
  return {
    ...processing,
    duration,
    width,
    height,
    poster: poster !== null,
    stream: stream !== null,
    captions: captions.map(({ language, label }) => ({ language, label })),
  }
}
