import { type Box, BoxScanner, boxAt, boxesIn } from './boxes.ts'

/** A piece of a fragmented MP4 that can be played by itself after its head. */
export interface Fragment {
  /** Bytes before it. */
  readonly start: number
  /** Bytes. */
  readonly size: number
  /** Seconds. */
  readonly duration: number
}

/** What the head of a fragmented MP4 tells: its tracks, the one that pieces are measured by first. */
export interface FragmentHead {
  /** Bytes. */
  readonly size: number
  /** As RFC 6381 writes them, like `avc1.64001f`. */
  readonly codecs: readonly string[]
}

interface Track {
  readonly id: number
  readonly timescale: number
  readonly isPicture: boolean
  readonly codec: string
  /** Of a sample that says no other, in units of the timescale. */
  readonly usualDuration: number
}

/** Finds the pieces of a fragmented MP4 while its bytes come. */
export class FragmentScanner {
  readonly #boxes = new BoxScanner()
  #head: FragmentHead | undefined
  #main: Track | undefined
  #start = 0
  #duration = 0

  /** Once it has come. */
  get head(): FragmentHead | undefined {
    return this.#head
  }

  /** Answers the pieces that end in this chunk.
   * @throws RangeError when the bytes are no fragmented MP4 */
  write(chunk: Uint8Array): readonly Fragment[] {
    return this.#boxes.write(chunk).flatMap((box) => this.#take(box))
  }

  #take({ type, start, size, body }: Box): readonly Fragment[] {
    if (type === 'moov' && body !== undefined) this.#takeHead(body, start + size)
    else if (type === 'moof' && body !== undefined) {
      this.#start = start
      this.#duration = this.#durationOf(body)
    } else if (type === 'mdat' && this.#duration > 0) {
      const fragment = { start: this.#start, size: start + size - this.#start, duration: this.#duration }
      this.#duration = 0
      return [fragment]
    }
    return []
  }

  #takeHead(body: Buffer, size: number): void {
    const usual = usualDurations(body)
    const tracks = boxesIn(body, 'trak').map((track) => readTrack(track, usual))
    this.#main = tracks.find(({ isPicture }) => isPicture) ?? tracks[0]
    this.#head = { size, codecs: tracks.map(({ codec }) => codec) }
  }

  #durationOf(moof: Buffer): number {
    const main = this.#main
    if (main === undefined) throw new RangeError('A piece came before the head')
    const parts = boxesIn(moof, 'traf').filter((part) => boxAt(part, ['tfhd'])?.readUInt32BE(4) === main.id)
    return parts.reduce((sum, part) => sum + ticksOf(part, main), 0) / main.timescale
  }
}

function readTrack(track: Buffer, usual: ReadonlyMap<number, number>): Track {
  const head = need(boxAt(track, ['tkhd']), 'tkhd')
  const clock = need(boxAt(track, ['mdia', 'mdhd']), 'mdhd')
  const handler = need(boxAt(track, ['mdia', 'hdlr']), 'hdlr')
  const kinds = need(boxAt(track, ['mdia', 'minf', 'stbl', 'stsd']), 'stsd')
  // version 1 has times of 64 bits
  const id = head.readUInt32BE(head[0] === 1 ? 20 : 12)
  return {
    id,
    timescale: clock.readUInt32BE(clock[0] === 1 ? 20 : 12),
    isPicture: handler.toString('latin1', 8, 12) === 'vide',
    codec: codecOf(kinds.subarray(8)),
    usualDuration: usual.get(id) ?? 0,
  }
}

function usualDurations(moov: Buffer): ReadonlyMap<number, number> {
  const extensions = boxAt(moov, ['mvex'])
  const all = extensions === undefined ? [] : boxesIn(extensions, 'trex')
  return new Map(all.map((body) => [body.readUInt32BE(4), body.readUInt32BE(12)]))
}

/** Of the first sample entry: H.264 and AAC by name and kind, others by their four letters. */
function codecOf(entries: Buffer): string {
  const [picture] = boxesIn(entries, 'avc1')
  const avc = picture === undefined ? undefined : boxAt(picture.subarray(78), ['avcC'])
  if (avc !== undefined) return `avc1.${avc.toString('hex', 1, 4)}`
  const [sound] = boxesIn(entries, 'mp4a')
  const elementary = sound === undefined ? undefined : boxAt(sound.subarray(28), ['esds'])
  if (elementary !== undefined) return `mp4a.${audioKind(elementary)}`
  return entries.toString('latin1', 4, 8)
}

/** ISO/IEC 14496-1 7.2.6: `40` and the kind of MPEG-4 audio, or the number of another format. */
function audioKind(esds: Buffer): string {
  const config = afterTag(esds.subarray(4), 0x03)?.subarray(3)
  const decoder = config === undefined ? undefined : afterTag(config, 0x04)
  if (decoder === undefined || decoder.length < 13) return '0'
  const format = decoder[0] ?? 0
  if (format !== 0x40) return format.toString(16)
  const specific = afterTag(decoder.subarray(13), 0x05)
  return `40.${(specific?.[0] ?? 0) >> 3}`
}

function afterTag(bytes: Buffer, tag: number): Buffer | undefined {
  if (bytes[0] !== tag) return undefined
  let at = 1
  // a length may be written in up to four bytes, of which the last has no high bit
  while (at < 4 && ((bytes[at] ?? 0) & 0x80) !== 0) at++
  return bytes.subarray(at + 1)
}

const hasBase = 0x1
const hasDescription = 0x2
const hasUsualDuration = 0x8

/** How long a track's part of a piece is, in units of its timescale. */
function ticksOf(part: Buffer, track: Track): number {
  const header = need(boxAt(part, ['tfhd']), 'tfhd')
  const flags = header.readUIntBE(1, 3)
  const at = 8 + ((flags & hasBase) === 0 ? 0 : 8) + ((flags & hasDescription) === 0 ? 0 : 4)
  const usual = (flags & hasUsualDuration) === 0 ? track.usualDuration : header.readUInt32BE(at)
  return boxesIn(part, 'trun').reduce((sum, run) => sum + runTicks(run, usual), 0)
}

const hasOffset = 0x1
const hasFirstFlags = 0x4
const sampleDuration = 0x100
const sampleFields = [sampleDuration, 0x200, 0x400, 0x800]

function runTicks(run: Buffer, usual: number): number {
  const flags = run.readUIntBE(1, 3)
  const count = run.readUInt32BE(4)
  if ((flags & sampleDuration) === 0) return count * usual
  const width = 4 * sampleFields.filter((field) => (flags & field) !== 0).length
  let at = 8 + ((flags & hasOffset) === 0 ? 0 : 4) + ((flags & hasFirstFlags) === 0 ? 0 : 4)
  let ticks = 0
  for (let sample = 0; sample < count; sample++, at += width) ticks += run.readUInt32BE(at)
  return ticks
}

function need(body: Buffer | undefined, type: string): Buffer {
  if (body === undefined) throw new RangeError(`There is no box "${type}" where one must be`)
  return body
}
