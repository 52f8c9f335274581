import type { Clock } from '../../kit/clock.ts'
import { filesError } from '../errors.ts'
import { type Programs, runProgram } from './programs.ts'
import { progressOf, stepsForward } from './progress-lines.ts'
import { type PictureRange, rangeOf } from './tone-mapping.ts'

/** What was found out about a film or a recording by looking at it. */
export interface Looked {
  /** Seconds. */
  readonly duration: number
  /** Null of what has only sound. */
  readonly picture: Picture | null
  /** Null of what is silent. */
  readonly sound: Sound | null
}

export interface Picture {
  /** Of the stream in its file. */
  readonly index: number
  /** Pixels, upright and square. */
  readonly width: number
  readonly height: number
  /** Pictures a second. */
  readonly rate: number
  readonly range: PictureRange
  /** Whether browsers play it as it is. */
  readonly isPlayable: boolean
}

export interface Sound {
  readonly index: number
  /** One is mono, two are stereo. */
  readonly channels: number
  readonly isPlayable: boolean
}

interface ProbeOptions {
  readonly programs: Programs
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Containers that are films or sound by themselves. Left out is what names other files to be read: playlists, lists, scripts. */
const formats = 'mov,matroska,webm,mpegts,mpeg,avi,flv,ogg,mp3,flac,wav,aac,asf,aiff,amr,w64,caf'
/** 8192 x 4320. More would take memory that no honest film needs. */
const mostPixels = 35_389_440
/** Pixels of a side, which nothing that plays films goes beyond. */
const longestSide = 16_384
const longest = 12 * 3600
const patience = 60_000
/** Milliseconds for reading a film through. */
const longestReading = 1_800_000

/** How a program is let at a file that a stranger sent: that file alone, no network, no format that leads elsewhere. */
export function inputArgs(path: string): readonly string[] {
  return ['-protocol_whitelist', 'file', '-format_whitelist', formats, '-max_pixels', String(mostPixels), '-i', `file:${path}`]
}

/**
 * Looks at a film or a recording in a file of this machine.
 * @throws TAPRI_FILES_FILM when it is none, or more than can be made ready
 */
export async function probe(path: string, options: ProbeOptions): Promise<Looked> {
  const { programs, clock, signal } = options
  const args = ['-v', 'error', '-print_format', 'json', '-show_format', '-show_streams', ...inputArgs(path)]
  const said = await runProgram(programs.ffprobe, args, { clock, signal, idle: patience })
  const { streams, format } = readAnswer(said)
  const picture = pictureOf(streams.find(isPicture))
  const sound = soundOf(streams.find((stream) => stream.codec_type === 'audio'))
  if (picture === null && sound === null) throw unfit('there is neither a picture nor sound in it')
  const told = Number(format.duration)
  // what a browser records says no duration
  const duration = told > 0 ? told : await playedTime(path, options)
  if (!(duration > 0)) throw unfit('it has no length')
  if (duration > longest) throw unfit(`it is longer than the ${longest / 3600} hours that are taken`)
  return { duration, picture, sound }
}

interface Stream {
  readonly index?: unknown
  readonly codec_type?: unknown
  readonly codec_name?: unknown
  readonly profile?: unknown
  readonly pix_fmt?: unknown
  readonly color_transfer?: unknown
  readonly channels?: unknown
  readonly width?: unknown
  readonly height?: unknown
  readonly avg_frame_rate?: unknown
  readonly r_frame_rate?: unknown
  readonly sample_aspect_ratio?: unknown
  readonly disposition?: { readonly attached_pic?: unknown }
  readonly tags?: { readonly rotate?: unknown }
  readonly side_data_list?: readonly { readonly rotation?: unknown }[]
}

// ffprobe documents this shape; every value of it is looked at before it is used.
function readAnswer(said: string): { readonly streams: readonly Stream[]; readonly format: { readonly duration?: unknown } } {
  const answer: { streams?: Stream[]; format?: { duration?: unknown } } = JSON.parse(said)
  return { streams: answer.streams ?? [], format: answer.format ?? {} }
}

/** The cover of a record is no film. */
function isPicture({ codec_type, disposition, width }: Stream): boolean {
  return codec_type === 'video' && disposition?.attached_pic !== 1 && Number(width) > 0
}

const playableProfiles = new Set(['Constrained Baseline', 'Baseline', 'Main', 'High'])

function pictureOf(stream: Stream | undefined): Picture | null {
  if (stream === undefined) return null
  const pixels = Number(stream.width) * Number(stream.height)
  if (!(pixels > 0) || pixels > mostPixels)
    throw unfit(`its pictures have ${stream.width} x ${stream.height} pixels, which is too many`)
  const turned = Math.abs(rotationOf(stream)) % 180 === 90
  const aspect = ratio(stream.sample_aspect_ratio, ':') || 1
  const wide = Math.max(2, Math.round(Number(stream.width) * aspect))
  requireFit(wide, Number(stream.height))
  const [width, height] = turned ? [Number(stream.height), wide] : [wide, Number(stream.height)]
  const rate = ratio(stream.avg_frame_rate, '/') || ratio(stream.r_frame_rate, '/') || 25
  const range = rangeOf(stream.color_transfer)
  const isPlayable =
    stream.codec_name === 'h264' &&
    range === 'SDR' &&
    stream.pix_fmt === 'yuv420p' &&
    playableProfiles.has(String(stream.profile)) &&
    rotationOf(stream) === 0 &&
    aspect === 1
  return { index: Number(stream.index), width, height, rate, range, isPlayable }
}

/** The form of a pixel is the sender's word: it makes what few kilobytes say as wide as they like.
 * @throws TAPRI_FILES_FILM */
function requireFit(width: number, height: number): void {
  const size = `its pictures are shown at ${width} x ${height} pixels`
  if (width * height > mostPixels) throw unfit(`${size}, which are more than those of 8192 x 4320`)
  if (Math.max(width, height) > longestSide) throw unfit(`${size}, and a side may have ${longestSide}`)
}

function soundOf(stream: Stream | undefined): Sound | null {
  if (stream === undefined) return null
  const isPlayable = stream.codec_name === 'aac' && stream.profile === 'LC'
  return { index: Number(stream.index), channels: Number(stream.channels) || 2, isPlayable }
}

function rotationOf({ side_data_list = [], tags }: Stream): number {
  const turned = side_data_list.find(({ rotation }) => rotation !== undefined)?.rotation ?? tags?.rotate ?? 0
  return Number(turned) || 0
}

/** `30000/1001` or `4:3` as a number; NaN when it is none. */
function ratio(text: unknown, mark: string): number {
  const [one, other] = String(text).split(mark).map(Number)
  return (one ?? Number.NaN) / (other ?? Number.NaN)
}

/** The length of what does not say it: it is read through, which takes no decoding. */
async function playedTime(path: string, { programs, clock, signal }: ProbeOptions): Promise<number> {
  let seconds = 0
  const isForward = stepsForward()
  const args = [
    '-nostdin',
    '-v',
    'error',
    '-progress',
    'pipe:1',
    ...inputArgs(path),
    '-map',
    '0:v?',
    '-map',
    '0:a?',
    '-c',
    'copy',
    '-f',
    'null',
    '-',
  ]
  await runProgram(programs.ffmpeg, args, {
    clock,
    signal,
    idle: patience,
    most: longestReading,
    onLine: (line) => {
      seconds = progressOf(line) ?? seconds
      return isForward(line)
    },
  })
  return seconds
}

function unfit(why: string) {
  return filesError('TAPRI_FILES_FILM', `Cannot make the film ready: ${why}`)
}
