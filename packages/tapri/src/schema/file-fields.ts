import { kitError } from '../kit/errors.ts'
import { bytes } from '../kit/measures.ts'
import type {
  Field,
  LiveStream,
  MediaFacts,
  StoredAudio,
  StoredFile,
  StoredImage,
  StoredVideo,
  Uploaded,
  VariantFacts,
} from './field.ts'
import { common, field } from './make.ts'

/** What may be written into a field for files: bytes, a file that a row has, or one that was uploaded before. */
type Given = Blob | StoredFile | Uploaded

interface FileOptions {
  /** Media types, some with commas between. */
  readonly accept: string
  /** Bytes, or a text like `2gb`. */
  readonly maxSize: string | number
}

/** A file of these types (some, with commas between) and of at most so many bytes; `accept` is checked against the content,
 * not against what the sender claims.
 * @throws TAPRI_KIT_FILE when one of the two is not there, TAPRI_KIT_SIZE
 * @example file({ accept: 'application/pdf', maxSize: '20mb' }) */
export function file(options: FileOptions): Field<StoredFile, Given> {
  return fileField('file', options)
}

const pictures = 'image/jpeg, image/png, image/webp, image/avif, image/gif, image/tiff'

/** A picture, which is also shown in the sizes of `variants`, without what a camera noted in it. One of more than `maxPixels`
 * (100 million unless told) is refused.
 * @throws TAPRI_KIT_FILE, TAPRI_KIT_SIZE
 * @example image({ maxSize: '5mb', variants: { thumb: { width: 320 } } }) */
export function image<const Variants extends Readonly<Record<string, VariantFacts>> = Readonly<Record<never, VariantFacts>>>(
  options: Partial<Pick<FileOptions, 'accept'>> & Pick<FileOptions, 'maxSize'> & { variants?: Variants; maxPixels?: number },
): Field<StoredImage<keyof Variants & string>, Given> {
  const { accept = pictures, maxSize, maxPixels = 100_000_000 } = options
  const variants: Readonly<Record<string, VariantFacts>> = options.variants ?? {}
  for (const [name, facts] of Object.entries(variants)) requireVariant(name, facts)
  return fileField('image', { accept, maxSize }, { kind: 'image', variants, maxPixels })
}

const usualHeights = [1080, 720, 360]

/** A film. After it has come it is made ready for streaming in renditions of these heights (1080, 720 and 360 pixels unless
 * told; none is larger than the film), with a poster.
 * @throws TAPRI_KIT_FILE, TAPRI_KIT_SIZE
 * @example video({ maxSize: '2gb', heights: [720, 360] }) */
export function video(
  options: Partial<Pick<FileOptions, 'accept'>> & Pick<FileOptions, 'maxSize'> & { heights?: readonly number[] },
): Field<StoredVideo, Given> {
  const { accept = 'video/*', maxSize, heights = usualHeights } = options
  const isRight = heights.length > 0 && heights.every((height) => Number.isInteger(height) && height >= 2 && height <= 4320)
  if (!isRight) throw wrong('video', `with the heights ${JSON.stringify(heights)}, which must be whole numbers from 2 to 4320`)
  const sorted = [...new Set(heights)].sort((one, other) => other - one)
  return fileField('video', { accept, maxSize }, { kind: 'video', heights: sorted })
}

/** Sound. After it has come it is made ready for streaming.
 * @throws TAPRI_KIT_FILE, TAPRI_KIT_SIZE
 * @example audio({ maxSize: '200mb' }) */
export function audio(options: Partial<Pick<FileOptions, 'accept'>> & Pick<FileOptions, 'maxSize'>): Field<StoredAudio, Given> {
  const { accept = 'audio/*', maxSize } = options
  return fileField('audio', { accept, maxSize }, { kind: 'audio' })
}

/** What is live in a row: an encoder that has the row's URL for it sends, and nobody else writes it. Null while nobody sends.
 * @example live: stream() */
export function stream(): Field<LiveStream | null, undefined> {
  return field({ kind: 'file', accept: [], maxSize: 0, media: { kind: 'live' }, ...common({}), optional: true })
}

function fileField<Out>(name: string, options: Partial<FileOptions> | undefined, media?: MediaFacts): Field<Out, Given> {
  const { accept: given, maxSize: size } = options ?? {}
  if (typeof given !== 'string' || given.trim() === '' || size === undefined) {
    throw wrong(name, `without ${size === undefined ? 'maxSize' : 'accept'}`)
  }
  const accept = given.split(',').map((type) => type.trim().toLowerCase())
  return field({ kind: 'file', accept, maxSize: bytes(size), ...(media && { media }), ...common({}) })
}

// `original`, `poster`, `variant` and names with dots are taken
const variantName = /^(?!original$|poster$|stream$|variant$)[a-z][a-zA-Z0-9_]{0,29}$/
const mostPixels = 8192

function requireVariant(name: string, facts: VariantFacts): void {
  if (!variantName.test(name)) throw wrong('image', `with a variant called "${name}", where letters like "thumb" are expected`)
  const fault = sizeFault(facts)
  if (fault !== undefined) throw wrong('image', `with ${fault} in its variant ${name}`)
}

/** What is wrong with a size of a picture, like `a side of 0`; undefined when it can be made. */
export function sizeFault({ width, height, quality = 80 }: VariantFacts): string | undefined {
  if (width === undefined && height === undefined) return 'neither width nor height'
  for (const side of [width ?? 1, height ?? 1]) {
    const isRight = Number.isInteger(side) && side >= 1 && side <= mostPixels
    if (!isRight) return `a side of ${side}, which must have 1 to ${mostPixels} pixels,`
  }
  const isQuality = Number.isInteger(quality) && quality >= 1 && quality <= 100
  return isQuality ? undefined : `the quality ${quality}, which must be 1 to 100,`
}

function wrong(name: string, reason: string) {
  const example = name === 'file' ? "file({ accept: 'image/*', maxSize: '5mb' })" : `${name}({ maxSize: '5mb' })`
  return kitError('TAPRI_KIT_FILE', `Cannot use ${name}() ${reason}: write ${example}`)
}
