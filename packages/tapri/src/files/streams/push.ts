import { PassThrough, type Readable } from 'node:stream'
import type { Clock } from '../../kit/clock.ts'
import { TapriError } from '../../kit/errors.ts'
import { type Body, isCutOff } from '../body.ts'
import { filesError } from '../errors.ts'
import { plainAac } from '../media/ladder.ts'
import { type Programs, pipeProgram } from '../media/programs.ts'
import { cut, fewKeyFrames, mostHeld } from './cutter.ts'
import { Watch } from './watch.ts'

/** Where the pieces of a push go. */
export interface LiveStore {
  begin(head: Buffer): Promise<void>
  add(piece: Buffer, duration: number): Promise<void>
  /** Called now and then while no piece is there to be shown, with the moment at which the sender was last heard, or waited for us. */
  stay(heardAt: number): void
}

/** What an encoder sends: the body of a request. */
export interface Sending extends Body {
  /** Whether all of it has arrived, read or not; over HTTP/2 also of what was cut off. */
  readonly complete?: boolean
}

interface PushOptions {
  readonly programs: Programs
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** What came in one push. */
export interface Pushed {
  readonly pieces: number
  readonly seconds: number
}

/** The stream as it is, in pieces that begin with a key frame and are two seconds long or a little more. */
const args = [
  ...['-nostdin', '-v', 'error', '-protocol_whitelist', 'pipe', '-format_whitelist', 'mpegts,mov'],
  ...[
    '-analyzeduration',
    '2000000',
    '-i',
    'pipe:0',
    '-map',
    '0:v:0',
    '-map',
    '0:a:0?',
    '-c',
    'copy',
    ...plainAac,
    '-map_metadata',
    '-1',
  ],
  ...['-f', 'mp4', '-movflags', '+frag_keyframe+delay_moov+default_base_moof', '-min_frag_duration', '1900000'],
  ...['-flush_packets', '1', 'pipe:1'],
]

/**
 * Takes MPEG-TS or fragmented MP4 with H.264 and AAC while it comes.
 * @throws TAPRI_FILES_STREAM when it is something else, TAPRI_FILES_STALLED when nothing comes for a minute, TAPRI_FILES_ABORTED,
 * TAPRI_FILES_INTERRUPTED, TAPRI_FILES_NO_FFMPEG, what the store throws
 */
export async function takePush(source: Sending, into: LiveStore, { programs, clock, signal }: PushOptions): Promise<Pushed> {
  let pieces = 0
  let seconds = 0
  let head: Buffer | undefined
  using watch = new Watch({ clock, stay: (heardAt) => into.stay(heardAt), isHeldUp: () => input.isHeldUp })
  const input = new Unhurried(source, watch)
  const taking = {
    async head(bytes: Buffer, codecs: readonly string[]) {
      if (!codecs.every((codec) => /^(?:avc1\.|mp4a\.40\.)/.test(codec))) throw unfit(`it is in ${codecs.join(' and ')}`)
      head = bytes
    },
    async piece(bytes: Buffer, duration: number) {
      input.uncut = 0
      await watch.keeping(async () => {
        if (head !== undefined) await into.begin(head)
        head = undefined
        await into.add(bytes, duration)
      })
      pieces++
      seconds += duration
    },
  }
  let cutting: Promise<void> | undefined
  const take = (output: Readable) => {
    cutting = cut(output, taking)
    return cutting
  }
  try {
    await pipeProgram(programs.ffmpeg, args, { input: input.bytes, signal: AbortSignal.any([signal, watch.signal]), take })
  } catch (cause) {
    // how ffmpeg ends on what it cannot read, and what comes of bytes that are not what they say
    if (cause instanceof RangeError || (cause instanceof TapriError && cause.code === 'TAPRI_FILES_FILM'))
      throw unfit('it cannot be read', cause)
    throw cause
  } finally {
    // a piece that is on its way to the store belongs to this push still
    await cutting?.catch(() => {})
  }
  if (pieces === 0) throw unfit('nothing came that can be played')
  return { pieces, seconds }
}

/** What an encoder sends. One that has sent all does not wait for us: that its connection is closed by then is a good end. */
class Unhurried {
  readonly bytes = new PassThrough({ highWaterMark: 1024 * 1024 })
  /** Bytes that have come since a piece was cut; they end when these are too many. */
  uncut = 0

  get isHeldUp(): boolean {
    return this.bytes.writableNeedDrain
  }

  constructor(source: Sending, watch: Watch) {
    const { bytes } = this
    // when nobody takes them any more, nobody minds how they end
    bytes.on('error', () => {})
    bytes.once('finish', () => watch.over())
    const left = (cause?: unknown) => {
      if (bytes.writableEnded || bytes.destroyed) return
      if (source.readableEnded || (source.complete === true && !isCutOff(source))) {
        // what has arrived and nobody had read yet
        for (let rest = source.read(); rest !== null; rest = source.read()) bytes.write(rest)
        bytes.end()
      } else bytes.destroy(filesError('TAPRI_FILES_ABORTED', 'Cannot take more of the stream: its sender went away', { cause }))
    }
    source.on('error', left)
    source.once('close', () => left())
    source.pipe(bytes)
    source.on('data', (chunk: Buffer) => {
      watch.heard()
      this.uncut += chunk.length
      if (this.uncut > mostHeld) bytes.destroy(fewKeyFrames())
    })
    // who has left before we listened is not heard leaving
    if (source.destroyed || source.readableEnded) left(source.errored)
  }
}

function unfit(why: string, cause?: unknown) {
  const how = 'send MPEG-TS or fragmented MP4 with H.264 and AAC, like ffmpeg -c:v libx264 -c:a aac -f mpegts'
  return filesError('TAPRI_FILES_STREAM', `Cannot take the stream: ${why}; ${how}`, { cause })
}
