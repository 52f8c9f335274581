import type { Answer } from '../../http/index.ts'
import type { MediaFacts } from '../../schema/index.ts'
import { fileDb } from '../file-db.ts'
import { type FilmPartTools, sendPlaylist } from '../media/film-parts.ts'
import { missingPart, type PartRequest, sendKept } from '../parts.ts'
import { livePlaylist } from './window.ts'

/** A player asks for the playlist again within seconds, and then for pieces that it names now. */
const pieceUrls = 600_000

/** Answers the playlist of a live stream, or one of its pieces, whose URLs the playlist has signed.
 * @throws TAPRI_NOT_FOUND */
export async function livePart(
  request: PartRequest<Extract<MediaFacts, { kind: 'live' }>>,
  tools: FilmPartTools,
): Promise<Answer> {
  const { wanted, file } = request
  if (wanted.part !== 'live.m3u8') return sendKept(request, tools)
  const stream = await fileDb(tools.database.asSystem).tapri_streams.first({ where: { file } })
  if (stream === null || stream.window.pieces.length === 0) throw missingPart(wanted)
  return sendPlaylist(request, livePlaylist(stream.window, { isEnded: stream.state === 'ended' }), pieceUrls, tools)
}
