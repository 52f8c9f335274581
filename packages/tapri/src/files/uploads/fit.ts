import { buffer } from 'node:stream/consumers'
import { isDeepStrictEqual } from 'node:util'
import { TapriError } from '../../kit/errors.ts'
import { formatBytes } from '../../kit/measures.ts'
import { fieldsOf } from '../../schema/index.ts'
import { headSize, tellType } from '../content-type.ts'
import type { Media } from '../media.ts'
import type { FileFacts, Found, UploadTools } from './tools.ts'

/** Whether a field takes a file: what its row is to keep of it then, or why not. */
export type Fit = { readonly media: Media | null } | { readonly misfit: string }

interface Place {
  readonly field: string
  readonly facts: FileFacts
}

/** Looks at a whole upload as the field would have that it is given to: it may have been sent for another one.
 * @throws TAPRI_FILES_PICTURE, TAPRI_FILES_PIXELS, TAPRI_FILES_STORE */
export async function fit(
  { upload, file }: Found,
  { field, facts }: Place,
  { routes, store, inspect }: UploadTools,
): Promise<Fit> {
  const sentFor: unknown = fieldsOf(routes.find(upload.route)?.spec.body)[upload.field]?.['~field']
  if (isDeepStrictEqual(rulesOf(sentFor), rulesOf(facts))) return { media: upload.media }
  const { accept, maxSize, media } = facts
  const { id, key, name, type, size } = file
  if (size > maxSize) return { misfit: `must have at most ${formatBytes(maxSize)}, it has ${formatBytes(size)}` }
  const head = await buffer(await store.get(key, { start: 0, end: Math.min(size, headSize) - 1 }))
  // text that was sent as something else was not looked through
  if ((await typeFor(head, { field, accept, claimed: upload.claimed, name })) !== type) {
    return { misfit: `must be ${accept.join(', ')}, not ${type}` }
  }
  const seen = media && (await inspect?.({ id, key, name, type, size }, { field, media }))
  return { media: seen ?? null }
}

function rulesOf(facts: unknown): unknown {
  if (typeof facts !== 'object' || facts === null) return undefined
  const { accept, maxSize, media }: Partial<FileFacts> = facts
  return { accept, maxSize, media }
}

async function typeFor(...told: Parameters<typeof tellType>): Promise<string | undefined> {
  try {
    return (await tellType(...told)).type
  } catch (error) {
    if (error instanceof TapriError && error.code === 'TAPRI_FILES_TYPE') return undefined
    throw error
  }
}
