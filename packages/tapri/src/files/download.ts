import type { Database, Db } from '../data/index.ts'
import { type Answer, sendRanges } from '../http/index.ts'
import { notFound, TapriError } from '../kit/errors.ts'
import type { Log } from '../observe/index.ts'
import { fileFields } from './attach.ts'
import { fileDb, idOf } from './file-db.ts'
import { contentDisposition } from './names.ts'
import type { Store } from './store.ts'

/** What a download needs of the context: the database as its caller may use it. */
export interface DownloadContext {
  readonly db: Db<any>
}

interface Wanted {
  readonly context: DownloadContext
  readonly model: string
  readonly id: string
  readonly field: string
}

interface DownloadTools {
  readonly database: Database
  readonly store: Store
  readonly log: Log
}

/** Answers the file in a field of a row, if the caller may read that row: its policy is the file's. */
export async function downloadFile(wanted: Wanted, tools: DownloadTools): Promise<Answer> {
  const { model, id, field, context } = wanted
  const { database, store, log } = tools
  if (!isFileField(database, model, field)) throw missing(wanted)
  const row: Readonly<Record<string, unknown>> | undefined = await context.db[model]?.get(idOf(id))
  const fileId = fileIdIn(row?.[field])
  if (fileId === undefined) throw missing(wanted)
  const file = await fileDb(database.asSystem).tapri_files.first({ where: { id: idOf(fileId), state: 'attached' } })
  if (!file) throw missing(wanted)
  return sendRanges({
    size: file.size,
    type: file.type,
    // the same bytes under another type would be another answer, so the file's id is part of it
    etag: `"${file.sha256?.slice(0, 32) ?? 'file'}-${file.id.slice(-12)}"`,
    lastModified: file.at,
    headers: {
      'Content-Disposition': contentDisposition(isShown(file.type) ? 'inline' : 'attachment', file.name),
      // whatever an uploader managed to store, it runs nothing here and is not guessed to be anything else
      'Content-Security-Policy': "sandbox; default-src 'none'",
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'private, no-cache',
    },
    open: (start, end) =>
      store.get(file.key, { start, end }).catch((error: unknown) => {
        // deleted since the row was read, or lost: the log tells which
        if (error instanceof TapriError && error.code === 'TAPRI_NOT_FOUND') {
          log.event('files.bytes.missing', { model, id, field, file: file.id }, 'error')
          throw missing(wanted)
        }
        throw error
      }),
  })
}

function isFileField(database: Database, model: string, field: string): boolean {
  if (!Object.hasOwn(database.models, model)) return false
  return fileFields(database.models).get(model)?.includes(field) ?? false
}

function fileIdIn(value: unknown): string | undefined {
  return typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string' ? value.id : undefined
}

/** Pictures, sound and films are shown in the page; SVG can run script, so it is only ever saved. */
function isShown(type: string): boolean {
  return /^(?:image|video|audio)\//.test(type) && !type.includes('svg')
}

function missing({ model, id, field }: Wanted) {
  return notFound(`No file is in ${field} of ${model} "${id.slice(0, 64)}"`)
}
