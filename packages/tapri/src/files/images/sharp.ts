import type { Sharp } from 'sharp'
import { filesError } from '../errors.ts'
import type { Format } from './formats.ts'
import type { PictureSize } from './head.ts'

/** What is in front of a picture's pixels. */
export interface PictureHead extends PictureSize {
  readonly isMoving: boolean
  readonly hasAlpha: boolean
}

export interface Wished {
  readonly width?: number | undefined
  readonly height?: number | undefined
  readonly fit: 'cover' | 'inside'
  readonly format: Format
  readonly quality: number | undefined
  readonly maxPixels: number
}

/** Seconds that one picture may take. */
const longest = 30

/** Reads what is in front of the pixels; no pixel is decoded. Throws what libvips says of a file that is no picture. */
export async function readHead(path: string): Promise<PictureHead> {
  const sharp = await loadSharp()
  // the limit is ours to tell: this reads no more than the head
  const found = await sharp(path, { limitInputPixels: false, failOn: 'error' }).metadata()
  const { width, height } = found.autoOrient
  const isMoving = (found.format === 'gif' || found.format === 'webp') && (found.pages ?? 1) > 1
  const pixels = width * height * (isMoving ? (found.pages ?? 1) : 1)
  return { width, height, pixels, isMoving, hasAlpha: found.hasAlpha }
}

/** The picture in another size: upright, in sRGB, without anything that a camera or a program noted in it. Throws what libvips
 * says of a file that it cannot decode. */
export async function resized(path: string, wished: Wished): Promise<{ readonly bytes: Buffer; readonly type: string }> {
  const sharp = await loadSharp()
  const head = await readHead(path)
  const { isMoving, hasAlpha } = head
  const { format, type } = writtenAs(wished.format, { isMoving, hasAlpha })
  const moves = isMoving && (format === 'webp' || format === 'gif')
  const picture = sharp(path, {
    animated: moves,
    autoOrient: true,
    failOn: 'error',
    limitInputPixels: wished.maxPixels,
    sequentialRead: true,
  })
    .timeout({ seconds: longest })
    .resize({ ...sides(wished, head, mostSide[format]), withoutEnlargement: true })
  return { bytes: await written(picture, format, wished.quality).toBuffer(), type }
}

type Written = 'avif' | 'webp' | 'jpeg' | 'png' | 'gif'

/** Pixels: what libvips writes at most. PNG has more than anybody sends. */
const mostSide: Readonly<Record<Written, number>> = { avif: 16_384, webp: 16_383, jpeg: 65_500, png: 1_000_000, gif: 65_535 }

/** Whether it may well be made another time: it took too long, or the machine was short of something. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return (
    'code' in error ||
    /timeout|system error|file is missing|out of memory|unable to (?:alloc|open|create)|no space/i.test(error.message)
  )
}

/** Only WebP and GIF move; JPEG has no transparency. */
function writtenAs(
  format: Format,
  { isMoving, hasAlpha }: Pick<PictureHead, 'isMoving' | 'hasAlpha'>,
): { readonly format: Written; readonly type: string } {
  const plain = isMoving ? 'gif' : hasAlpha ? 'png' : 'jpeg'
  const chosen: Written = format === 'plain' ? plain : format === 'best' ? (isMoving ? 'webp' : 'avif') : format
  return { format: chosen, type: `image/${chosen}` }
}

/** A side that is not told follows from the other, and makes both smaller where it would be more than a format takes; libvips alone is off by a pixel where it reads a JPEG smaller. */
function sides(
  { width, height, fit }: Wished,
  whole: PictureHead,
  most: number,
): { width: number; height: number; fit: 'fill' | Wished['fit'] } {
  if (width !== undefined && height !== undefined) return { width, height, fit }
  const asked = width === undefined ? (height ?? whole.height) / whole.height : width / whole.width
  const scale = Math.min(1, asked, most / Math.max(whole.width, whole.height))
  const side = (pixels: number) => Math.max(1, Math.round(pixels * scale))
  return { width: side(whole.width), height: side(whole.height), fit: 'fill' }
}

function written(picture: Sharp, format: Written, quality: number | undefined): Sharp {
  switch (format) {
    case 'avif':
      // effort 3: a tenth larger than the usual 4 in half the time
      return picture.avif({ quality: quality ?? 50, effort: 3 })
    case 'webp':
      return picture.webp({ quality: quality ?? 80 })
    case 'jpeg':
      return picture.flatten({ background: '#ffffff' }).jpeg({ quality: quality ?? 80 })
    case 'png':
      return picture.png()
    case 'gif':
      return picture.gif()
  }
}

type MakeSharp = typeof import('sharp')['default']

let loading: Promise<MakeSharp> | undefined

function loadSharp(): Promise<MakeSharp> {
  loading ??= importSharp()
  return loading
}

async function importSharp(): Promise<MakeSharp> {
  try {
    const { default: sharp } = await import('sharp')
    // each size is made once: what libvips would keep is files that are deleted, and memory
    sharp.cache(false)
    return sharp
  } catch (cause) {
    throw noSharp(cause)
  }
}

let isThere: boolean | undefined

/** Whether the package is installed; asked once. It is loaded with the first picture. */
export function hasSharp(): boolean {
  isThere ??= isResolved('sharp')
  return isThere
}

function isResolved(name: string): boolean {
  try {
    import.meta.resolve(name)
    return true
  } catch {
    return false
  }
}

export function noSharp(cause?: unknown) {
  const how = 'the package "sharp" is not installed, run "npm install sharp"'
  return filesError('TAPRI_FILES_NO_SHARP', `Cannot make a picture in another size: ${how}`, { cause })
}
