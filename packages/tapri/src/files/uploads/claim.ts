import { type Issue, invalid } from '../../kit/errors.ts'
import { formatBytes } from '../../kit/measures.ts'
import { type Fields, markReceived } from '../../schema/index.ts'
import { accepts } from '../accept.ts'
import { isPictured } from '../media.ts'
import type { Sender } from '../quota.ts'
import type { FileFacts, Found } from './tools.ts'
import type { Uploads } from './uploads.ts'

type Values = Readonly<Record<string, unknown>>

/**
 * Puts the files in the place of those values that name an upload, `{ "upload": "…" }` or the same as a text: only whole
 * uploads of this user that the field would have taken in a form. Other values stay as they are.
 * @throws TAPRI_INVALID, TAPRI_FILES_UNFINISHED, TAPRI_FILES_QUOTA
 */
export async function claimUploads<Given>(
  values: Given,
  fields: Fields,
  user: Sender | null,
  uploads: Uploads,
): Promise<Given | Record<string, unknown>> {
  if (!isRecord(values)) return values
  const claims = Object.entries(fields).flatMap(([field, { '~field': facts }]) => {
    const name = facts.kind === 'file' && Object.hasOwn(values, field) ? uploadNamed(values[field]) : undefined
    return facts.kind === 'file' && name !== undefined ? [{ field, facts, name }] : []
  })
  if (claims.length === 0) return values
  const issues: Issue[] = []
  const claimed = new Map<string, Found>()
  for (const { field, facts, name } of claims) {
    const whole = typeof name === 'string' ? await uploads.whole(name, user) : undefined
    // what a row has, that row may be given once more
    const found = whole?.file.state === 'attached' && whole.file.field !== field ? undefined : whole
    const message = found === undefined ? 'names no upload of yours: it may have expired' : misfit(found, facts)
    if (found === undefined || message !== undefined) issues.push({ path: [field], message: message ?? '' })
    else claimed.set(field, found)
  }
  if (issues.length > 0) throw invalid(issues, 'request')
  const files: Record<string, object> = {}
  for (const [field, found] of claimed) {
    await uploads.adopt(found, user)
    files[field] = fileOf(found)
  }
  return Object.assign(Object.create(null), values, files)
}

/** What a value names: undefined when it is no value of that kind at all. */
function uploadNamed(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith('{') ? uploadNamed(parsed(value)) : undefined
  return isRecord(value) && Object.hasOwn(value, 'upload') ? value.upload : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // a text that is none of ours: the field's own check says so
    return undefined
  }
}

/** Why the field would not have taken the file: it may have been sent for another one. */
function misfit({ file, upload }: Found, { accept, maxSize, media }: FileFacts): string | undefined {
  const ending = file.name.slice(file.name.lastIndexOf('.') + 1).toLowerCase()
  if (!accepts(accept, file.type, ending)) return `must be ${accept.join(', ')}, not ${file.type}`
  if (file.size > maxSize) return `must have at most ${formatBytes(maxSize)}, it has ${formatBytes(file.size)}`
  const known = upload.media ?? undefined
  if (media?.kind !== 'image') return undefined
  if (!isPictured(known)) return 'must have been uploaded for a field of pictures'
  const pixels = known.width * known.height
  return pixels > media.maxPixels ? `must have at most ${media.maxPixels} pixels, it has ${pixels}` : undefined
}

function fileOf({ file: { id, name, type, size, key, state }, upload: { media } }: Found): object {
  // what a row has made of its file is not to be written over
  const own = media !== null && state === 'pending' && { media }
  return markReceived(Object.freeze({ id, name, type, size, key, ...own }))
}

function isRecord(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
