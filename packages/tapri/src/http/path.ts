import { httpError } from './errors.ts'

/**
 * The segments of a request's path in their one canonical form: split first, decoded once, so that `%2F`
 * stays inside its segment. Nothing is collapsed: `/a//b` has an empty segment and `/a/` ends with one.
 * @throws TAPRI_HTTP_PATH for escapes that are not UTF-8, NUL, dot segments, backslashes and "#"
 * @example pathSegments('/users/a%2Fb') // ['users', 'a/b']
 */
export function pathSegments(path: string): readonly string[] {
  if (path === lastPath) return lastSegments
  lastSegments = readSegments(path)
  lastPath = path
  return lastSegments
}

// What is no route is a folder, a mount or nothing: each asks about the same path
let lastPath = '/'
let lastSegments: readonly string[] = ['']

function readSegments(path: string): string[] {
  // RFC 3986 knows neither in a path; readers of URLs take the one for "/" and cut at the other
  if (path.includes('\\') || path.includes('#')) throw ambiguous(path)
  const segments = path.slice(1).split('/')
  const isEscaped = path.includes('%')
  if (isEscaped) for (let index = 0; index < segments.length; index++) segments[index] = decode(segments[index] ?? '')
  if (!isEscaped && !path.includes('/.')) return segments
  // Clients resolve dot segments before they send; one that arrives is there to disagree with a proxy
  if (segments.some((segment) => segment === '.' || segment === '..')) {
    throw httpError('TAPRI_HTTP_PATH', `Cannot find "${path}": send the path without "." and ".." segments`)
  }
  return segments
}

function ambiguous(path: string) {
  return httpError('TAPRI_HTTP_PATH', `Cannot find "${path.slice(0, 200)}": send the path with "\\" and "#" escaped`)
}

function decode(segment: string): string {
  if (!segment.includes('%')) return segment
  let text: string
  try {
    text = decodeURIComponent(segment)
  } catch (cause) {
    throw httpError('TAPRI_HTTP_PATH', `Cannot read "${segment}" in the path: its % escapes are not UTF-8`, { cause })
  }
  if (text.includes('\0')) throw httpError('TAPRI_HTTP_PATH', 'Cannot read the path: it contains the NUL character')
  return text
}
