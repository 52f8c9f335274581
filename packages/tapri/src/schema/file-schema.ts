import { formatBytes } from '../kit/measures.ts'
import type { FieldFacts, MediaFacts } from './field.ts'
import type { JsonSchema } from './json-schema.ts'

type FileFacts = FieldFacts & { readonly kind: 'file' }

/** What a file is sent as: its bytes in a form, and in JSON the upload that it came by before. */
export function sentFile({ accept, maxSize }: FileFacts, { textual }: { readonly textual: boolean }): JsonSchema {
  const description = `${accept.join(', ')}; at most ${formatBytes(maxSize)}`
  if (textual) return { type: 'string', format: 'binary', description }
  const upload = { type: 'string', description: 'What the upload was answered with' }
  return { type: 'object', properties: { upload }, required: ['upload'], additionalProperties: false, description }
}

/** What rows show of a file. `name` is what such a schema may be called.
 * @example storedFile(undefined).name // 'StoredFile' */
export function storedFile(media: MediaFacts | undefined): { readonly name: string; readonly schema: JsonSchema } {
  switch (media?.kind) {
    case 'image':
      return { name: 'StoredImage', schema: object({ ...file, ...picture(Object.keys(media.variants)) }) }
    case 'video':
      return { name: 'StoredVideo', schema: object({ ...file, ...sound, ...film }) }
    case 'audio':
      return { name: 'StoredAudio', schema: object({ ...file, ...sound }) }
    case 'live':
      return { name: 'LiveStream', schema: object(live) }
    default:
      return { name: 'StoredFile', schema: object(file) }
  }
}

const url: JsonSchema = { type: 'string', format: 'uri-reference' }
const urlOrNull: JsonSchema = { type: ['string', 'null'], format: 'uri-reference' }
const pixels: JsonSchema = { type: 'integer', minimum: 0 }
const pixelsOrNull: JsonSchema = { type: ['integer', 'null'], minimum: 0 }

const file = {
  id: { type: 'string', format: 'uuid' },
  name: { type: 'string' },
  type: { type: 'string' },
  size: { type: 'integer', minimum: 0 },
  url,
}

const sound = {
  processing: object({
    state: { type: 'string', enum: ['waiting', 'working', 'ready', 'failed', 'cancelled', 'unavailable'] },
    progress: { type: 'number', minimum: 0, maximum: 1 },
    reason: { type: ['string', 'null'] },
  }),
  duration: { type: ['number', 'null'], minimum: 0, description: 'Seconds' },
  stream: urlOrNull,
}

const film = {
  width: pixelsOrNull,
  height: pixelsOrNull,
  poster: urlOrNull,
  captions: { type: 'array', items: object({ language: { type: 'string' }, label: { type: 'string' }, url }) },
}

const live = {
  id: { type: 'string', format: 'uuid' },
  state: { type: 'string', enum: ['live', 'ended'] },
  since: { type: 'string', format: 'date-time' },
  stream: url,
}

function picture(names: readonly string[]) {
  return { width: pixels, height: pixels, variants: object(Object.fromEntries(names.map((name) => [name, url]))) }
}

function object(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const required = Object.keys(properties)
  return { type: 'object', properties, ...(required.length > 0 && { required }) }
}
