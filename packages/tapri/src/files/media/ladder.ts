import type { Picture, Sound } from './probe.ts'
import { rangeArgs, toneMapping } from './tone-mapping.ts'

/** A rendition of a film that is to be made. */
export interface Step {
  /** `720p`. */
  readonly name: string
  /** Pixels, both even. */
  readonly width: number
  readonly height: number
  /** Pictures a second. */
  readonly rate: number
  /** Bits a second at most. */
  readonly most: number
}

const mostRate = 60
/** Seconds of a piece: a player changes between renditions only where one begins. */
const pieceSeconds = 4

/**
 * The renditions of a film, the largest first: none is larger than the film, and one is always made. Of a film that stands
 * upright the heights are those of its shorter side, as players name them.
 * @example ladderOf({ width: 1920, height: 1080, rate: 25 }, [720, 360]).map(({ name }) => name) // ['720p', '360p']
 */
export function ladderOf(
  { width, height, rate }: Pick<Picture, 'width' | 'height' | 'rate'>,
  heights: readonly number[],
): readonly Step[] {
  const shorter = Math.min(width, height)
  const fitting = heights.filter((wanted) => wanted <= shorter)
  return (fitting.length > 0 ? fitting : [shorter]).map((wanted) => {
    const scale = wanted / shorter
    const shown = Math.min(rate, mostRate)
    return {
      name: `${wanted}p`,
      width: even(width * scale),
      height: even(height * scale),
      rate: shown,
      // 5 Mbit/s of 1080 lines at 30 pictures a second, and what the eye wants of others beside it
      most: Math.round(5_000_000 * (wanted / 1080) ** 1.4 * (shown > 35 ? 1.5 : 1)),
    }
  })
}

/** Seconds that playlists of a film tell of their longest piece: pictures are cut at the first that is due by then, and the sound
 * of them tells the same (RFC 8216 6.2.4). */
export function targetOf(picture: Pick<Picture, 'rate'> | null): number {
  return picture === null ? pieceSeconds : Math.round(pieceSeconds + 1 / Math.min(picture.rate, mostRate))
}

function even(side: number): number {
  return Math.max(2, Math.round(side / 2) * 2)
}

/** One file in pieces for each output of ffmpeg: no piece refers to another, and a reader needs its head alone, which is made
 * late so that it can say where the first picture and the first sound are. */
const inPieces = '+delay_moov+default_base_moof'

/** MPEG-TS puts a header before each packet of AAC, and MP4 one for all; what has none is left as it is. */
export const plainAac = ['-bsf:a', 'aac_adtstoasc'] as const

interface Making {
  /** Whether the colours of HDR are made the usual ones. */
  readonly toneMaps: boolean
  pathOf(name: string): string
}

/** What makes all of these renditions, the largest first, with one decoding; where their pieces begin is the same in all of them. */
export function ladderArgs(picture: Picture, steps: readonly Step[], { toneMaps, pathOf }: Making): readonly string[] {
  const [largest] = steps
  const limited = picture.rate > mostRate ? `fps=${mostRate},` : ''
  // of no more pixels than are needed: it is the dearest of all
  const mapped =
    toneMaps && picture.range !== 'SDR' && largest !== undefined
      ? `scale=${largest.width}:${largest.height},${toneMapping(picture.range)},`
      : ''
  const colours = toneMaps ? [] : rangeArgs(picture.range)
  const split = `[0:${picture.index}]${limited}${mapped}split=${steps.length}${steps.map((_, at) => `[split${at}]`).join('')}`
  const scaled = steps.map(({ width, height }, at) => `[split${at}]scale=${width}:${height},setsar=1,format=yuv420p[out${at}]`)
  const outputs = steps.flatMap(({ name, most }, at) => [
    ...['-map', `[out${at}]`, '-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'high', '-crf', '23'],
    ...['-maxrate', String(most), '-bufsize', String(most * 2), '-sc_threshold', '0', ...colours],
    ...['-force_key_frames', `expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+${pieceSeconds}))`],
    ...['-map_metadata', '-1', '-f', 'mp4', '-movflags', `+frag_keyframe${inPieces}`, pathOf(name)],
  ])
  return ['-filter_complex', [split, ...scaled].join(';'), ...outputs]
}

/** What makes the sound by itself, as it is where it can be played so. */
export function soundArgs(sound: Sound, path: string): readonly string[] {
  const codec = sound.isPlayable
    ? ['-c:a', 'copy', ...plainAac]
    : ['-c:a', 'aac', '-b:a', '128k', '-ac', '2', '-ar', '48000', '-af', 'aresample=async=1']
  const pieces = ['-f', 'mp4', '-frag_duration', String(pieceSeconds * 1_000_000), '-movflags', inPieces]
  return ['-map', `0:${sound.index}`, ...codec, '-map_metadata', '-1', ...pieces, path]
}

/** What puts the film as it is into pieces, a hundred times as fast as it plays. */
export function remuxArgs(picture: Picture, sound: Sound | null, path: string): readonly string[] {
  const maps = ['-map', `0:${picture.index}`, ...(sound === null ? [] : ['-map', `0:${sound.index}`])]
  const pieces = ['-f', 'mp4', '-min_frag_duration', '2500000', '-movflags', `+frag_keyframe${inPieces}`]
  return [...maps, '-c', 'copy', ...(sound === null ? [] : plainAac), '-map_metadata', '-1', ...pieces, path]
}

/** What makes a picture of a film. */
export function posterArgs(picture: Picture, { toneMaps, path }: { toneMaps: boolean; path: string }): readonly string[] {
  const scale = Math.min(1, 1280 / Math.max(picture.width, picture.height))
  const mapped = toneMaps && picture.range !== 'SDR' ? `,${toneMapping(picture.range)}` : ''
  const filters = `scale=${even(picture.width * scale)}:${even(picture.height * scale)}${mapped},setsar=1`
  return ['-map', `0:${picture.index}`, '-frames:v', '1', '-vf', filters, '-q:v', '3', '-map_metadata', '-1', '-f', 'mjpeg', path]
}
