import { createReadStream, type Stats } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { basename } from 'node:path'
import { notFound } from '../kit/errors.ts'
import type { Answer } from './answer.ts'
import { fileFacts, type KnownFile } from './known-files.ts'
import { mediaType } from './media-type.ts'
import { openFile } from './open-file.ts'
import { precompressed } from './precompressed.ts'
import { sendRanges } from './ranges.ts'

export interface FileOptions {
  /** Told from the name unless given. */
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
  /** The request, when a compressed file beside this one may be sent in its place. */
  readonly request?: IncomingMessage
  /** What is known of the file already. */
  readonly known?: Pick<KnownFile, 'facts' | 'bytes'>
}

/** A file of this machine as an answer.
 * @throws TAPRI_NOT_FOUND when there is no such file */
export async function fileAnswer(path: string, options: FileOptions = {}): Promise<Answer<Blob | string>> {
  const facts = options.known?.facts ?? (await fileFacts(path))
  if (facts === undefined) throw notFound(`No file is called "${basename(path)}" here`)
  const type = options.type ?? mediaType(path)
  const smaller = await smallerFile(path, type, options.request)
  const smallerFacts = smaller === undefined ? undefined : await fileFacts(smaller.path)
  if (smaller === undefined || smallerFacts === undefined) return sendFile(path, facts, { ...options, type })
  const headers = { ...options.headers, 'Content-Encoding': smaller.encoding, Vary: 'Accept-Encoding' }
  return sendFile(smaller.path, smallerFacts, { type, headers })
}

function sendFile(
  path: string,
  facts: Stats,
  { type, headers = {}, known }: FileOptions & { readonly type: string },
): Answer<Blob | string> {
  return sendRanges({
    size: facts.size,
    type,
    etag: `"${facts.size.toString(16)}-${Math.floor(facts.mtimeMs).toString(16)}"`,
    lastModified: facts.mtime,
    headers,
    path,
    bytes: known?.bytes,
    open: (start, end) => createReadStream(path, { start, end }),
    lease: () => openFile(path),
  })
}

/** A part of a file means its own bytes, so whoever asks for one gets it of the file itself. */
function smallerFile(path: string, type: string, request: IncomingMessage | undefined) {
  const accepted = request?.headers['accept-encoding']
  if (typeof accepted !== 'string' || request?.headers.range !== undefined) return undefined
  return precompressed(path, type, accepted)
}
