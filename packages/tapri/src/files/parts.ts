import type { Answer } from '../http/index.ts'
import type { MediaFacts } from '../schema/index.ts'
import { type AccessTools, type DownloadContext, type Found, fileFacts, findFile, missing, type Wanted } from './access.ts'
import type { AskedSize } from './images/sizes.ts'
import type { Rendition, Renditions } from './renditions.ts'
import { type SentTools, sendStored } from './sent.ts'

/** What was made of a file, by its name: a size of a picture, a playlist, a segment. */
export interface WantedPart extends Wanted, AskedSize {
  readonly part: string
}

/** A part of a file that its caller may read. */
export interface PartRequest<Facts extends MediaFacts = MediaFacts> extends Found {
  readonly wanted: WantedPart
  readonly context: DownloadContext
  /** Of the file's field. */
  readonly facts: Facts
}

/** Answers the parts of files of one kind.
 * @throws TAPRI_NOT_FOUND for a part that there is not */
export type PartMaker<Facts extends MediaFacts> = (request: PartRequest<Facts>) => Promise<Answer>

/** One for each kind of media. */
export type PartMakers = { readonly [Kind in MediaFacts['kind']]: PartMaker<Extract<MediaFacts, { kind: Kind }>> }

/** Answers a part of the file in a field of a row to who may read that row, or has a URL that was signed for it.
 * @throws TAPRI_NOT_FOUND, TAPRI_FILES_SIGNATURE and what the maker of the part throws */
export async function downloadPart(
  wanted: WantedPart,
  context: DownloadContext,
  tools: AccessTools & { readonly makers: PartMakers },
): Promise<Answer> {
  const facts = fileFacts(tools.database, wanted.model, wanted.field)?.media
  if (facts === undefined) throw missing(wanted)
  const found = await findFile(wanted, context, { ...tools, part: wanted.part })
  const request = { wanted, context, ...found }
  switch (facts.kind) {
    case 'image':
      return tools.makers.image({ ...request, facts })
    case 'video':
      return tools.makers.video({ ...request, facts })
    case 'audio':
      return tools.makers.audio({ ...request, facts })
    case 'live':
      return tools.makers.live({ ...request, facts })
  }
}

/** Answers what was made of a file under the name of the part.
 * @throws TAPRI_NOT_FOUND */
export async function sendKept(
  request: Omit<PartRequest, 'facts'>,
  tools: SentTools & { readonly renditions: Renditions },
): Promise<Answer> {
  const { wanted, file } = request
  const kept = await tools.renditions.find(file, wanted.part)
  if (kept === undefined) throw missingPart(wanted)
  return sendRendition(kept, { ...request, headers: partHeaders(request) }, tools)
}

/** Answers what was made of a file. */
export function sendRendition(
  kept: Rendition,
  { wanted, file, headers }: Omit<PartRequest, 'facts'> & { readonly headers: Readonly<Record<string, string>> },
  tools: SentTools,
): Answer {
  const facts = { file, part: kept.name }
  return sendStored({ ...kept, etag: `"${kept.key}"`, headers, missing: () => missingPart(wanted), facts }, tools)
}

/** Of an answer that is a part, which a browser keeps for the one who was signed in when it got it. A URL that names the version
 * of its file has the same bytes for good, unless they are captions, which can be corrected; others may have those of a new file
 * tomorrow. */
export function partHeaders(
  { wanted: { v, file: signed, part }, file }: Pick<PartRequest, 'wanted' | 'file'>,
  vary: readonly string[] = [],
): Readonly<Record<string, string>> {
  const isVersioned = typeof signed === 'string' || (typeof v === 'string' && v.length >= 12 && file.endsWith(v))
  const isForGood = isVersioned && !part.startsWith('captions-')
  return {
    'Content-Disposition': 'inline',
    'Cache-Control': isForGood ? 'private, max-age=3600, immutable' : 'private, no-cache',
    Vary: [...vary, 'Cookie', 'Authorization'].join(', '),
  }
}

export function missingPart(wanted: WantedPart) {
  return missing({ ...wanted, field: `"${wanted.part.slice(0, 64)}" of ${wanted.field}` })
}
