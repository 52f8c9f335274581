import { createHash } from 'node:crypto'
import { cacheError } from './errors.ts'
import type { CacheKey } from './types.ts'

const longest = 300
const longestTag = 200

/** The name that a key has in a store: a text and a list of that one text are two, and long ones are as good as short ones. */
export function nameOf(key: CacheKey): string {
  const name = JSON.stringify(key)
  return name.length <= longest ? name : `sha256:${createHash('sha256').update(name).digest('base64url')}`
}

/**
 * The tags as a store knows them. Whatever depends on one row, `videos:7`, is gone too when nobody can say which rows have
 * changed: then `videos:*` is invalidated.
 * @throws TAPRI_CACHE_TAG
 */
export function keptTags(tags: readonly string[]): readonly string[] {
  const all = new Set<string>()
  for (const tag of tags) {
    checkTag(tag)
    all.add(tag)
    const colon = tag.indexOf(':')
    if (colon > 0) all.add(`${tag.slice(0, colon)}:*`)
  }
  return [...all]
}

/** @throws TAPRI_CACHE_TAG */
export function checkTag(tag: string): void {
  if (typeof tag === 'string' && tag !== '' && tag.length <= longestTag) return
  const shown = JSON.stringify(tag)?.slice(0, 100) ?? String(tag)
  throw cacheError('TAPRI_CACHE_TAG', `Cannot use the tag ${shown}: it must be a text of 1 to ${longestTag} characters`)
}
