import type { IncomingMessage } from 'node:http'
import type { Database, Db } from '../data/index.ts'
import { notFound } from '../kit/errors.ts'
import type { MediaFacts } from '../schema/index.ts'
import { filesError } from './errors.ts'
import { type FileRow, fileDb, idOf } from './file-db.ts'
import type { Signing } from './signing.ts'

/** What a download needs of the context: the database as its caller may use it, and what was asked. */
export interface DownloadContext {
  readonly db: Db<any>
  readonly request: IncomingMessage
  /** The caller's address. */
  readonly ip: string
}

/** The place of a file, and what its URL says beside that. */
export interface Wanted {
  readonly model: string
  readonly id: string
  readonly field: string
  /** The end of the file's id, which makes the URL of a new file a new one. */
  readonly v?: string | null
  /** The file of a signed URL. */
  readonly file?: string | null
  readonly token?: string | null
}

export interface AccessTools {
  readonly database: Database
  readonly signing: Signing
}

/** A file that its caller may read. */
export interface Found {
  readonly file: string
  /** What it was opened by: the policy of its row, a token for it or for one part of it, or one for all of its parts. */
  readonly by: 'row' | 'token' | 'parts'
}

/** Where players begin: who comes to them is asked for a right to the row, or for a URL of their own, as they lead to all else. */
const beginnings = ['stream.m3u8', 'live.m3u8']

/**
 * The file in a field of a row, if the caller may read that row, or has a URL that was signed for `part` of the file: such a one
 * costs no query.
 * @throws TAPRI_NOT_FOUND, TAPRI_FILES_SIGNATURE
 */
export async function findFile(
  wanted: Wanted,
  context: DownloadContext,
  { signing, part }: { readonly signing: Signing; readonly part?: string },
): Promise<Found> {
  const { file } = wanted
  if (typeof file !== 'string') return { file: await fileOfRow(wanted, context), by: 'row' }
  const isOpen = (text: string) => signing.verify(text, wanted.token ?? '', context)
  if (isOpen(accessTo(wanted, file, part))) return { file, by: 'token' }
  if (part !== undefined && !beginnings.includes(part) && isOpen(accessToParts(wanted, file))) return { file, by: 'parts' }
  throw filesError(
    'TAPRI_FILES_SIGNATURE',
    'Cannot open this URL: it has expired, was changed or is for another; ask for a new one',
  )
}

/** The framework's row of a file that its row has.
 * @throws TAPRI_NOT_FOUND */
export async function attachedFile(file: string, wanted: Wanted, database: Database): Promise<FileRow> {
  const found = await fileDb(database.asSystem).tapri_files.get(idOf(file))
  if (found?.state === 'attached') return found
  throw missing(wanted)
}

type Place = Pick<Wanted, 'model' | 'id' | 'field'>

/** What is signed for a file, or for one part of it. */
export function accessTo({ model, id, field }: Place, file: string, part?: string): string {
  return JSON.stringify(['file', model, id, field, file, part])
}

/** What is signed for every part of a file: a playlist leads to many. */
export function accessToParts({ model, id, field }: Place, file: string): string {
  return JSON.stringify(['parts', model, id, field, file])
}

/** What a field's files are made into; undefined when the field is none for files. */
export function fileFacts(
  { models }: Pick<Database, 'models'>,
  model: string,
  field: string,
): { readonly media?: MediaFacts } | undefined {
  if (!Object.hasOwn(models, model)) return undefined
  const fields = models[model] ?? {}
  const facts = Object.hasOwn(fields, field) ? fields[field]?.['~field'] : undefined
  return facts?.kind === 'file' ? facts : undefined
}

export function missing({ model, id, field }: Wanted) {
  return notFound(`No file is in ${field} of ${model} "${id.slice(0, 64)}"`)
}

async function fileOfRow(wanted: Wanted, { db }: DownloadContext): Promise<string> {
  const row: Readonly<Record<string, unknown>> | undefined = await db[wanted.model]?.get(idOf(wanted.id))
  const value = row?.[wanted.field]
  if (typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string') return value.id
  throw missing(wanted)
}
