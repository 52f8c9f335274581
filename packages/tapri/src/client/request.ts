import type { ManifestRoute } from '../kit/manifest.ts'
import { clientError } from './errors.ts'
import { formOf, hasFiles } from './form.ts'

/** A `Blob` is a piece of a file that comes over several requests. */
export type OutgoingBody = string | FormData | Blob | undefined

/** A call as it travels. */
export interface OutgoingRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: OutgoingBody
}

type Input = Readonly<Record<string, unknown>>

/**
 * Splits the input of a call into path, query and body.
 * @throws TAPRI_CLIENT_INPUT when a name of the path has no value that can stand there
 */
export function outgoing(base: string, name: string, route: ManifestRoute, input: Input): OutgoingRequest {
  const left = new Map(Object.entries(input))
  const path = fillPath(name, route.path, left)
  const query = new URLSearchParams()
  // without a body whatever is left goes into the query, so that the server says what it thinks of unknown names
  const names = route.body === 'none' ? [...left.keys()] : route.query === '*' ? [] : route.query
  for (const key of names) {
    addQuery(query, key, left.get(key))
    left.delete(key)
  }
  const url = `${originOf(base)}${path}${query.size > 0 ? `?${query}` : ''}`
  const method = route.method.toUpperCase()
  if (route.body === 'none') return { method, url, headers: {}, body: undefined }
  const values = Object.fromEntries(left)
  // a form has no null: what is to be emptied would be left as it is
  const isForm = route.body === 'form' && !Object.values(values).includes(null)
  if (isForm || hasFiles(values)) return { method, url, headers: {}, body: formOf(values) }
  return { method, url, headers: { 'content-type': 'application/json' }, body: JSON.stringify(values, exact) }
}

function fillPath(name: string, path: string, left: Map<string, unknown>): string {
  return path
    .split('/')
    .map((segment) => {
      const kind = segment[0]
      if (kind !== ':' && kind !== '*') return segment
      const key = segment.slice(1)
      const value = left.get(key)
      left.delete(key)
      if (kind === ':') return pathSegment(name, key, value)
      return words(value)
        .join('/')
        .split('/')
        .map((part) => pathSegment(name, key, part))
        .join('/')
    })
    .join('/')
}

function pathSegment(name: string, key: string, value: unknown): string {
  const text = words(value).join('')
  // every URL parser takes these segments, however they are encoded, for steps in the tree: another path would be called
  if (text !== '' && text !== '.' && text !== '..') return encodeURIComponent(text)
  throw clientError('TAPRI_CLIENT_INPUT', `Cannot call "${name}": its path needs "${key}", and that is "${text}"`)
}

function addQuery(query: URLSearchParams, key: string, value: unknown): void {
  for (const item of Array.isArray(value) ? value : [value]) for (const word of words(item)) query.append(key, word)
}

/** A value as one word of a path or a query; none for an absent one. */
function words(value: unknown): string[] {
  if (value === undefined || value === null) return []
  if (value instanceof Date) return [value.toISOString()]
  return [typeof value === 'object' ? JSON.stringify(value) : String(value)]
}

function originOf(base: string): string {
  return new URL(base).origin
}

/** A decimal may be given as a bigint, which JSON has no form of; as text it stays exact. */
function exact(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
