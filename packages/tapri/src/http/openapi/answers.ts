import { type JsonSchema, type OutputFacts, outputFacts } from '../../schema/index.ts'
import { isLimited } from '../rate-limit.ts'
import type { ServedRoute } from '../types.ts'
import type { Components } from './components.ts'

/** What a route answers when all is well, as OpenAPI's response objects by status. */
export function answersOf(route: ServedRoute, components: Components): Readonly<Record<string, JsonSchema>> {
  const facts = route.spec.output === undefined ? undefined : outputFacts(route.spec.output)
  const limit = isLimited(route.middleware) ? { 'RateLimit-Policy': { $ref: '#/components/headers/RateLimit-Policy' } } : {}
  if (facts?.kind === 'nothing') return { 204: { description: 'It is done', ...headersOf(limit) } }
  const isWhole = facts === undefined || !isStreamed(facts)
  const isTagged = isWhole && route.method === 'get' && route.spec.etag !== false
  const headers = headersOf({ ...limit, ...(isTagged && { ETag: { $ref: '#/components/headers/ETag' } }) })
  const description = facts === undefined ? 'The answer, of which the route tells no more' : descriptionOf(facts)
  return {
    [route.spec.status ?? 200]: { description, ...headers, content: contentOf(facts, components) },
    ...(isTagged && { 304: { $ref: '#/components/responses/NotModified' } }),
  }
}

/** Whether the answer can be followed: it is a value, which can be compared with the one before. */
export function isLive(route: ServedRoute): boolean {
  if (route.method !== 'get') return false
  return route.spec.output === undefined || !isStreamed(outputFacts(route.spec.output))
}

/** Headers and answers that many routes refer to. */
export const sharedHeaders: JsonSchema = {
  ETag: {
    description: 'The version of the answer: sent as If-None-Match it asks whether there is another one',
    schema: { type: 'string' },
  },
  'RateLimit-Policy': { description: 'How many requests may be made in how many seconds', schema: { type: 'string' } },
}
export const notModified: JsonSchema = {
  description: 'The answer is still the one that If-None-Match names',
  headers: { ETag: { $ref: '#/components/headers/ETag' } },
}

function isStreamed({ kind }: OutputFacts): boolean {
  return kind === 'content' || kind === 'events' || kind === 'lines'
}

function headersOf(headers: JsonSchema): JsonSchema {
  return Object.keys(headers).length === 0 ? {} : { headers }
}

function descriptionOf(facts: OutputFacts): string {
  switch (facts.kind) {
    case 'events':
      return 'Events as they come (EventSource); x-tapri-items is the JSON in their data'
    case 'lines':
      return 'Lines of JSON (https://jsonlines.org); x-tapri-items is what each of them is'
    default:
      return 'The answer'
  }
}

function contentOf(facts: OutputFacts | undefined, components: Components): JsonSchema {
  if (facts === undefined) return { 'application/json': { schema: {} } }
  switch (facts.kind) {
    case 'content':
      return { [facts.type]: { schema: /^text\//.test(facts.type) ? { type: 'string' } : { type: 'string', format: 'binary' } } }
    // what one item is, OpenAPI can say from 3.2 on
    case 'events':
      return { 'text/event-stream': { schema: { type: 'string' }, 'x-tapri-items': components.answered(facts.of) } }
    case 'lines':
      return { 'application/jsonl': { schema: { type: 'string' }, 'x-tapri-items': components.answered(facts.of) } }
    default:
      return { 'application/json': { schema: components.answered(facts) } }
  }
}
