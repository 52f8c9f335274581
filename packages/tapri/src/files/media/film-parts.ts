import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { type Answer, sendRanges } from '../../http/index.ts'
import type { MediaFacts } from '../../schema/index.ts'
import { type AccessTools, accessToParts } from '../access.ts'
import { fileDb, idOf } from '../file-db.ts'
import { missingPart, type PartRequest, sendKept } from '../parts.ts'
import type { Renditions } from '../renditions.ts'
import { type SentTools, sandboxed } from '../sent.ts'
import type { Signing } from '../signing.ts'
import { playlistType } from './encode.ts'
import { rungsOf } from './jobs.ts'
import { sourceName } from './making.ts'
import { captionsPlaylist, masterPlaylist, type Rung, withCaptions, withQuery } from './playlist.ts'

export interface FilmPartTools extends AccessTools, SentTools {
  readonly renditions: Renditions
}

type FilmRequest = PartRequest<Extract<MediaFacts, { kind: 'video' | 'audio' }>>

/** Beside the time that the film plays: pauses, and a night. */
const pauses = 12 * 3_600_000

/**
 * Answers a part of a film or a recording. Playlists name their files by URLs that were signed for all parts of the film, so
 * that each of these costs no look at the row.
 * @throws TAPRI_NOT_FOUND
 */
export async function filmPart(request: FilmRequest, tools: FilmPartTools): Promise<Answer> {
  const { part } = request.wanted
  if (!part.endsWith('.m3u8')) return sendKept(request, tools)
  const job = await fileDb(tools.database.asSystem).tapri_films.first({ where: { file: idOf(request.file) } })
  if (job === null) throw missingPart(request.wanted)
  const rungs = rungsOf(job.made)
  const playlist = await playlistOf(request, job.state === 'ready', rungs, tools)
  const seconds = Math.max(0, ...rungs.map((rung) => rung.seconds))
  return sendPlaylist(request, playlist, seconds * 1000 + pauses, tools)
}

/** Answers a playlist, with a signature behind each file that it names. It opens these for as long as told, and gives nobody who
 * came by a signed URL more than that: a playlist of a playlist is signed as that one was. */
export function sendPlaylist(
  request: Pick<PartRequest, 'wanted' | 'context' | 'file' | 'by'>,
  playlist: string,
  expires: number,
  { signing }: Pick<AccessTools, 'signing'>,
): Answer {
  const token = partsToken(request, expires, signing)
  const bytes = Buffer.from(withQuery(playlist, String(new URLSearchParams({ file: request.file, token }))))
  return sendRanges({
    size: bytes.length,
    type: playlistType,
    headers: { ...sandboxed, 'Cache-Control': 'private, no-store' },
    bytes: () => bytes,
    open: (start, end) => Readable.from([bytes.subarray(start, end + 1)]),
  })
}

function partsToken(
  { wanted, context, file, by }: Pick<PartRequest, 'wanted' | 'context' | 'file' | 'by'>,
  expires: number,
  signing: Signing,
): string {
  const text = accessToParts(wanted, file)
  const { token } = wanted
  if (by === 'row' || typeof token !== 'string') return signing.sign(text, { expires })
  return by === 'parts' ? token : signing.narrow(text, token, { expires, ip: context.ip })
}

async function playlistOf(request: FilmRequest, isReady: boolean, rungs: readonly Rung[], tools: FilmPartTools): Promise<string> {
  const { wanted, file } = request
  const { part } = wanted
  if (part === 'stream.m3u8') return masterOf(request, isReady, rungs, tools)
  const [, language] = /^captions-([\w-]+)\.m3u8$/.exec(part) ?? []
  if (language !== undefined)
    return captionsPlaylist(`captions-${language}.vtt`, Math.max(0, ...rungs.map(({ seconds }) => seconds)))
  const kept = await tools.renditions.find(file, part)
  if (kept === undefined) throw missingPart(wanted)
  return text(await tools.store.get(kept.key))
}

async function masterOf(
  { wanted }: FilmRequest,
  isReady: boolean,
  rungs: readonly Rung[],
  { database }: FilmPartTools,
): Promise<string> {
  const sound = rungs.find(({ width }) => width === null)
  const pictures = rungs.filter(({ width, name }) => width !== null && name !== sourceName)
  const source = rungs.filter(({ name }) => name === sourceName)
  // until the last rendition is there those who begin get the film as it came, and can stay with it
  const shown = isReady || source.length === 0 ? pictures : source
  if (shown.length === 0 && sound === undefined) throw missingPart(wanted)
  const row: Readonly<Record<string, unknown>> | null =
    (await database.asSystem[wanted.model]?.first({ where: { id: idOf(wanted.id) } })) ?? null
  const sorted = [...shown].sort((one, other) => other.peak - one.peak)
  return withCaptions(masterPlaylist(sorted, shown === source ? undefined : sound), captionsIn(row?.[wanted.field]))
}

function captionsIn(shown: unknown): readonly { readonly language: string; readonly label: string }[] {
  if (typeof shown !== 'object' || shown === null || !('captions' in shown) || !Array.isArray(shown.captions)) return []
  return shown.captions
}
