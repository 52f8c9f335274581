import type { VariantFacts } from '../../schema/index.ts'

/** How a picture is written. `best` is AVIF, and WebP for what moves; `plain` is what every program shows: JPEG, PNG for what
 * has transparency, GIF for what moves. */
export type Format = 'best' | 'webp' | 'plain' | 'avif' | 'jpeg' | 'png'

/**
 * The format that a caller gets. One that only says that it takes everything gets what everything shows.
 * @example formatFor('auto', 'image/avif, image/webp') // 'best'
 */
export function formatFor(wished: VariantFacts['format'], accept: string | undefined): Format {
  if (wished !== undefined && wished !== 'auto') return wished
  const named = namedTypes(accept ?? '')
  if (named.has('image/avif')) return 'best'
  return named.has('image/webp') ? 'webp' : 'plain'
}

/** The media types that an Accept header names and does not refuse. */
function namedTypes(accept: string): ReadonlySet<string> {
  const named = new Set<string>()
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim())
    // RFC 9110 12.4.2: a weight of 0 is a refusal
    if (!parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))) named.add(type)
  }
  return named
}
