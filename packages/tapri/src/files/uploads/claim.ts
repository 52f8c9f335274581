import { type Issue, invalid } from '../../kit/errors.ts'
import { type Fields, markReceived } from '../../schema/index.ts'
import type { Media } from '../media.ts'
import type { Sender } from '../quota.ts'
import type { Found } from './tools.ts'
import type { Uploads } from './uploads.ts'

type Values = Readonly<Record<string, unknown>>

interface Fitting extends Found {
  /** What its row is to keep of it. */
  readonly media: Media | null
}

/**
 * Puts the files in the place of those values that name an upload, `{ "upload": "…" }` or the same as a text: only whole
 * uploads of this user that the field would have taken in a form. Other values stay as they are.
 * @throws TAPRI_INVALID, TAPRI_FILES_UNFINISHED, TAPRI_FILES_QUOTA, TAPRI_FILES_PICTURE, TAPRI_FILES_PIXELS
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
  const claimed = new Map<string, Fitting>()
  for (const { field, facts, name } of claims) {
    const whole = typeof name === 'string' ? await uploads.whole(name, user) : undefined
    // what a row has, that row may be given once more
    const found = whole?.file.state === 'attached' && whole.file.field !== field ? undefined : whole
    const fit =
      found === undefined
        ? { misfit: 'names no upload of yours: it may have expired' }
        : await uploads.fit(found, { field, facts })
    if ('misfit' in fit) issues.push({ path: [field], message: fit.misfit })
    else if (found !== undefined) claimed.set(field, { ...found, media: fit.media })
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

function fileOf({ file: { id, name, type, size, key, state }, media }: Fitting): object {
  // what a row has made of its file is not to be written over
  const own = media !== null && state === 'pending' && { media }
  return markReceived(Object.freeze({ id, name, type, size, key, ...own }))
}

function isRecord(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
