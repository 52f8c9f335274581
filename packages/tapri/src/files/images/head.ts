import { open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { Cursor } from './cursor.ts'
import { orientationIn } from './orientation.ts'

/** The sizes of a picture, told by what is in front of its pixels. */
export interface PictureSize {
  /** Pixels, upright. */
  readonly width: number
  readonly height: number
  /** Of its frames together. */
  readonly pixels: number
}

interface Found {
  readonly width: number
  readonly height: number
  readonly frames?: number
  readonly orientation?: number
}

/** What is read here; for other formats the package that reads pictures is needed. */
export const plainTypes: readonly string[] = ['image/jpeg', 'image/png', 'image/gif', 'image/webp']

/**
 * Reads the sizes of a JPEG, PNG, GIF or WebP without a package; no pixel is decoded. Of several sizes that one tells the largest
 * counts, and what is not written as its standard has it is no picture.
 * @throws RangeError when it is none of these
 */
export async function readSize(path: string): Promise<PictureSize> {
  await using file = await open(path)
  const cursor = new Cursor(file)
  const { width, height, frames = 1, orientation = 1 } = await readFormat(cursor)
  if (width === 0 || height === 0) throw new RangeError('It has no pixels')
  const pixels = width * height * frames
  return orientation >= 5 ? { width: height, height: width, pixels } : { width, height, pixels }
}

async function readFormat(cursor: Cursor): Promise<Found> {
  const start = await cursor.take(2)
  if (start.readUInt16BE() === 0xffd8) return readJpeg(cursor)
  const mark = start.toString('latin1') + (await cursor.take(4)).toString('latin1')
  if (mark === '\x89PNG\r\n') return readPng(cursor)
  if (mark === 'GIF87a' || mark === 'GIF89a') return readGif(cursor)
  const rest = await cursor.take(6)
  if (mark.startsWith('RIFF') && rest.toString('latin1', 2) === 'WEBP') return readWebp(cursor)
  throw new RangeError('It is neither JPEG, PNG, GIF nor WebP')
}

/** The header is the first chunk (PNG 3, 5.6). */
async function readPng(cursor: Cursor): Promise<Found> {
  const chunk = await cursor.take(27)
  const isHeader = chunk.toString('latin1', 0, 10) === '\x1a\n\0\0\0\x0dIHDR'
  if (!isHeader || crc32(chunk.subarray(6, 23)) !== chunk.readUInt32BE(23)) throw new RangeError('It has no header')
  return { width: chunk.readUInt32BE(10), height: chunk.readUInt32BE(14) }
}

const exif = 'Exif\0\0'
/** Segments before that of the frame; more are no honest picture's. */
const mostSegments = 1000

/** ITU-T T.81 B.1.1: segments, each with its length, until that of the frame. */
async function readJpeg(cursor: Cursor): Promise<Found> {
  let orientation: number | undefined
  for (let segment = 0; segment < mostSegments; segment++) {
    if ((await cursor.take(1))[0] !== 0xff) throw new RangeError('A segment has no mark')
    let [code = 0] = await cursor.take(1)
    // any number of them may fill the room before a mark
    while (code === 0xff) [code = 0] = await cursor.take(1)
    // those without a length
    if (code === 0x01 || (code >= 0xd0 && code <= 0xd7)) continue
    const size = (await cursor.take(2)).readUInt16BE() - 2
    if (size < 0 || (code >= 0xd8 && code <= 0xda)) throw new RangeError('There is no frame where one must be')
    if (isFrame(code)) {
      const frame = await cursor.take(5)
      return { height: frame.readUInt16BE(1), width: frame.readUInt16BE(3), orientation: orientation ?? 1 }
    }
    if (code === 0xe1 && orientation === undefined) {
      const noted = await cursor.take(size)
      if (noted.toString('latin1', 0, 6) === exif) orientation = orientationIn(noted)
    } else cursor.skip(size)
  }
  throw new RangeError('There is no frame where one must be')
}

/** All kinds of frames but the tables among them (DHT, JPG, DAC). */
function isFrame(code: number): boolean {
  return code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc
}

/** GIF89a: the screen, then frames and extensions in blocks of at most 255 bytes. */
async function readGif(cursor: Cursor): Promise<Found> {
  const screen = await cursor.take(7)
  let [width, height, frames] = [screen.readUInt16LE(0), screen.readUInt16LE(2), 0]
  cursor.skip(colours(screen[4]))
  for (let mark = await cursor.next(1); mark !== undefined && mark[0] !== 0x3b; mark = await cursor.next(1)) {
    if (mark[0] === 0x2c) {
      const frame = await cursor.take(9)
      width = Math.max(width, frame.readUInt16LE(0) + frame.readUInt16LE(4))
      height = Math.max(height, frame.readUInt16LE(2) + frame.readUInt16LE(6))
      cursor.skip(colours(frame[8]) + 1)
      frames++
    } else if (mark[0] === 0x21) cursor.skip(1)
    else throw new RangeError('A block has no mark')
    for (let size = await cursor.next(1); size !== undefined && size[0] !== 0; size = await cursor.next(1)) {
      cursor.skip(size[0] ?? 0)
    }
  }
  if (frames === 0) throw new RangeError('It has no frame')
  return { width, height, frames }
}

/** Bytes of the table of colours that flags announce. */
function colours(flags = 0): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1)
}

/** https://developers.google.com/speed/webp/docs/riff_container */
async function readWebp(cursor: Cursor): Promise<Found> {
  let [width, height, frames] = [0, 0, 0]
  let orientation: number | undefined
  const grow = (wide: number, high: number) => {
    width = Math.max(width, wide)
    height = Math.max(height, high)
  }
  for (let head = await cursor.next(8); head !== undefined; head = await cursor.next(8)) {
    const name = head.toString('latin1', 0, 4)
    const size = head.readUInt32LE(4)
    const isNote = name === 'EXIF' && orientation === undefined
    const wanted = Math.min(size, isNote ? 65_536 : (facts[name] ?? 0))
    const body = Buffer.from(await cursor.take(wanted))
    // the chunks of a frame follow its own, whatever length that one tells: so they are found where libwebp finds them
    cursor.skip((name === 'ANMF' ? frameHeader : size + (size % 2)) - wanted)
    if (isNote) orientation = orientationIn(body)
    if (wanted < (facts[name] ?? 0)) throw new RangeError(`The chunk "${name}" is too short`)
    if (name === 'VP8 ') grow(body.readUInt16LE(6) & 0x3fff, body.readUInt16LE(8) & 0x3fff)
    if (name === 'VP8L') grow((body.readUInt32LE(1) & 0x3fff) + 1, ((body.readUInt32LE(1) >>> 14) & 0x3fff) + 1)
    if (name === 'VP8X') grow(body.readUIntLE(4, 3) + 1, body.readUIntLE(7, 3) + 1)
    if (name !== 'ANMF') continue
    frames++
    grow(2 * body.readUIntLE(0, 3) + body.readUIntLE(6, 3) + 1, 2 * body.readUIntLE(3, 3) + body.readUIntLE(9, 3) + 1)
  }
  return { width, height, frames: Math.max(1, frames), orientation: orientation ?? 1 }
}

const frameHeader = 16

/** Bytes at the beginning of a chunk that tell a size. */
const facts: Readonly<Record<string, number>> = { 'VP8 ': 10, VP8L: 5, VP8X: 10, ANMF: 12 }
