import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { filesError } from '../errors.ts'
import { encode, isMade } from './encode.ts'
import { posterArgs } from './ladder.ts'
import { Making, type MakingTools, type Shown } from './making.ts'
import { type Picture, probe } from './probe.ts'

/** `begun` when the rest is left for later; `wide` when it is done, and its colours are those of HDR still. */
export type MadeReady = 'begun' | 'done' | 'wide'

interface Wanted {
  readonly kind: 'video' | 'audio'
  /** Of the renditions. */
  readonly heights: readonly number[]
  readonly hasPoster: boolean
}

/**
 * Makes a film or a recording ready for streaming: first what can be played at once, then the rest, and nothing twice.
 * @throws TAPRI_FILES_FILM when it cannot be, TAPRI_FILES_NO_FFMPEG
 */
export async function makeReady(wanted: Wanted, tools: MakingTools): Promise<MadeReady> {
  const looked = await probe(tools.path, tools)
  const { picture, sound, duration } = looked
  if (wanted.kind === 'audio' && sound === null)
    throw filesError('TAPRI_FILES_FILM', 'Cannot make the recording ready: there is no sound in it')
  const shown = wanted.kind === 'audio' ? null : picture
  // of what an earlier attempt has finished, the row may not have been told
  const made = { poster: wanted.hasPoster, stream: tools.made.some(({ width }) => width !== null || shown === null) }
  const size = { width: shown?.width ?? null, height: shown?.height ?? null }
  await tools.tell({ state: 'working', reason: null, duration, ...size, ...made })
  const isWide = shown !== null && shown.range !== 'SDR'
  const toneMaps = isWide && (await tools.toneMaps())
  if (shown !== null && !wanted.hasPoster) await makePoster(shown, { duration, toneMaps }, tools)
  const making = new Making({ ...looked, picture: shown, toneMaps }, tools)
  if (shown !== null) await making.makeFirst()
  if (await tools.givesWay()) return 'begun'
  await making.makeRest(wanted.heights)
  return isWide && !toneMaps ? 'wide' : 'done'
}

/** A picture from the beginning, but not of the dark before it. */
async function makePoster(
  picture: Picture,
  { duration, toneMaps }: Pick<Shown, 'duration' | 'toneMaps'>,
  tools: MakingTools,
): Promise<void> {
  const path = join(tools.folder, 'poster.jpg')
  const args = posterArgs(picture, { toneMaps, path })
  const limits = { seconds: 60, mostBytes: Number.POSITIVE_INFINITY }
  await encode(args, { ...limits, from: Math.min(3, duration / 10) }, tools)
  // a file may end before it says
  if (!(await isMade(path))) await encode(args, limits, tools)
  if (!(await isMade(path))) throw filesError('TAPRI_FILES_FILM', 'Cannot make the film ready: no picture of it can be read')
  await tools.keep({ name: 'poster', type: 'image/jpeg' }, createReadStream(path))
  await tools.tell({ poster: true })
}
