import { createReadStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Clock } from '../../kit/clock.ts'
import { filesError } from '../errors.ts'
import { type Fragment, FragmentScanner } from './fragments.ts'
import { figuresOf, filePlaylist, type Rung } from './playlist.ts'
import { inputArgs } from './probe.ts'
import { type Programs, runProgram } from './programs.ts'
import { progressOf, stepsForward } from './progress-lines.ts'

export interface EncodeTools {
  readonly programs: Programs
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Where the film is. */
  readonly path: string
  /** An empty folder of its own. */
  readonly folder: string
  /** Keeps a file beside the film. */
  keep(made: { readonly name: string; readonly type: string }, source: Readable): Promise<void>
}

interface Encoding {
  /** Seconds that are taken of the film at most, whatever it says by then. */
  readonly seconds: number
  /** Seconds at which it is begun. */
  readonly from?: number
  /** Bytes of all that is made, at most. */
  readonly mostBytes: number
  /** Told the seconds that are done. */
  readonly onTime?: (seconds: number) => void
}

/** Milliseconds without a step forward. */
const patience = 300_000
/** A slow machine may take so many times as long as the film plays, and so many seconds more. */
const slowest = { times: 10, seconds: 1800 }

/** Runs ffmpeg over the film.
 * @throws TAPRI_FILES_FILM, TAPRI_FILES_NO_FFMPEG */
export async function encode(args: readonly string[], encoding: Encoding, tools: EncodeTools): Promise<void> {
  const { programs, clock, signal, path } = tools
  const { seconds, from, mostBytes, onTime } = encoding
  const over = new AbortController()
  const isForward = stepsForward()
  const limits = ['-t', seconds.toFixed(3), ...(from === undefined ? [] : ['-ss', from.toFixed(3)])]
  const quiet = ['-nostdin', '-y', '-v', 'error', '-progress', 'pipe:1', '-stats_period', '0.5']
  await runProgram(programs.ffmpeg, [...quiet, ...limits, ...inputArgs(path), ...args], {
    clock,
    signal: AbortSignal.any([signal, over.signal]),
    idle: patience,
    most: (seconds * slowest.times + slowest.seconds) * 1000,
    onLine: (line) => {
      const [name, value] = line.split('=')
      if (name === 'total_size' && Number(value) > mostBytes) over.abort(tooMuch())
      const done = progressOf(line)
      if (done !== undefined) onTime?.(done)
      return isForward(line)
    },
  })
}

interface Made extends Pick<Rung, 'name' | 'width' | 'height' | 'rate' | 'range' | 'channels'> {
  readonly type: 'video/mp4' | 'audio/mp4'
  /** Seconds that its playlist tells of its longest piece, or more. */
  readonly target: number
}

/** Keeps a finished rendition: its bytes, and the playlist of its pieces, which are found while they are read. */
export async function keepRung(made: Made, tools: EncodeTools): Promise<Rung> {
  const path = join(tools.folder, `${made.name}.mp4`)
  const scanner = new FragmentScanner()
  const fragments: Fragment[] = []
  const source = Readable.from(scanned(path, scanner, fragments), { objectMode: false })
  await tools.keep({ name: `${made.name}.mp4`, type: made.type }, source)
  const { head } = scanner
  if (head === undefined || fragments.length === 0)
    throw filesError('TAPRI_FILES_FILM', 'Cannot make the film ready: nothing of it can be played')
  const playlist = filePlaylist(`${made.name}.mp4`, { headSize: head.size, fragments, target: made.target })
  await tools.keep({ name: `${made.name}.m3u8`, type: playlistType }, Readable.from([Buffer.from(playlist)]))
  await rm(path)
  const { type: _type, target: _target, ...told } = made
  return { ...told, codecs: head.codecs, ...figuresOf(fragments) }
}

export const playlistType = 'application/vnd.apple.mpegurl'

async function* scanned(path: string, scanner: FragmentScanner, fragments: Fragment[]): AsyncIterable<Uint8Array> {
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
    const bytes: Uint8Array = chunk
    fragments.push(...scanner.write(bytes))
    yield bytes
  }
}

/** Whether there is such a file with something in it. */
export async function isMade(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found !== undefined && found.size > 0
}

function tooMuch() {
  return filesError('TAPRI_FILES_FILM', 'Cannot make the film ready: more comes out of it than its length can need')
}
