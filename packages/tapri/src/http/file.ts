import { createReadStream, type Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { notFound } from '../kit/errors.ts'
import type { Answer } from './answer.ts'
import { mediaType } from './media-type.ts'
import { sendRanges } from './ranges.ts'

export interface FileOptions {
  /** Told from the name unless given. */
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A file of this machine as an answer.
 * @throws TAPRI_NOT_FOUND when there is no such file */
export async function fileAnswer(path: string, options: FileOptions = {}): Promise<Answer> {
  const facts = await fileFacts(path)
  if (facts === undefined) throw notFound(`No file is called "${basename(path)}" here`)
  return sendRanges({
    size: facts.size,
    type: options.type ?? mediaType(path),
    etag: `"${facts.size.toString(16)}-${Math.floor(facts.mtimeMs).toString(16)}"`,
    lastModified: facts.mtime,
    headers: options.headers ?? {},
    open: (start, end) => createReadStream(path, { start, end }),
  })
}

async function fileFacts(path: string): Promise<Stats | undefined> {
  // Not there, not a folder on the way, not readable: to a caller all of these are "no such file"
  const facts = await stat(path).catch(() => undefined)
  return facts?.isFile() ? facts : undefined
}
