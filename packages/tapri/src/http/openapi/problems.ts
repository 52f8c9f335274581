import { STATUS_CODES } from 'node:http'
import type { JsonSchema } from '../../schema/index.ts'
import { bodyKind } from '../compile.ts'
import { isLimited } from '../rate-limit.ts'
import type { ServedRoute } from '../types.ts'

/** What a code stands for: its status, and a sentence like those that callers are told. */
export interface ProblemKind {
  readonly status: number
  readonly detail: string
}
/** Refusals by their codes. */
export type ProblemKinds = Readonly<Record<string, ProblemKind>>

/** What this room refuses before and after a handler runs, by what the route takes. */
export function refusalsOf(route: ServedRoute): ProblemKinds {
  const { params, query, body } = route.spec
  const takes = bodyKind(route)
  return {
    ...(query !== undefined && queryRefusals),
    ...(takes === 'json' && jsonRefusals),
    ...(body !== undefined && bodyRefusals),
    ...(route.method !== 'get' && writeRefusals),
    ...(route.method !== 'get' && route.spec.idempotencyKey !== 'ignored' && keyRefusals),
    ...((params ?? query ?? body) !== undefined && inputRefusals),
    ...(isLimited(route.middleware) && limitRefusals),
    ...ownRefusals(route),
  }
}

/** The app's own codes, as the route names them: what they say, it alone knows. */
function ownRefusals({ spec }: ServedRoute): ProblemKinds {
  const titled = (status: number) => ({ status, detail: STATUS_CODES[status] ?? 'Refused' })
  return Object.fromEntries(Object.entries(spec.errors ?? {}).map(([code, status]) => [code, titled(status)]))
}

const queryRefusals: ProblemKinds = {
  TAPRI_HTTP_QUERY: { status: 400, detail: 'Cannot read the query: it is not written as URLs are' },
}
const jsonRefusals: ProblemKinds = {
  TAPRI_KIT_JSON: { status: 400, detail: 'Cannot read the body: it is not JSON' },
}
const bodyRefusals: ProblemKinds = {
  TAPRI_HTTP_BODY: { status: 400, detail: 'Cannot read the body: it ended early' },
  TAPRI_HTTP_TOO_LARGE: { status: 413, detail: 'Cannot take the body: it is larger than 1 MB' },
  TAPRI_HTTP_CONTENT_TYPE: { status: 415, detail: 'Cannot read the body: its Content-Type is none of those taken here' },
}
const writeRefusals: ProblemKinds = {
  TAPRI_HTTP_CROSS_SITE: { status: 403, detail: 'Cannot take a change from a page of another site' },
}
const keyRefusals: ProblemKinds = {
  TAPRI_HTTP_KEY: { status: 400, detail: 'Cannot use the Idempotency-Key: it must be one text in double quotes' },
  TAPRI_HTTP_KEY_BUSY: { status: 409, detail: 'Cannot answer yet: the call with this Idempotency-Key is at work, ask again' },
  TAPRI_HTTP_KEY_DONE: { status: 409, detail: 'Cannot answer this call again: it is done' },
  TAPRI_HTTP_KEY_USED: { status: 422, detail: 'Cannot use this Idempotency-Key again: it was used for another call' },
}
const inputRefusals: ProblemKinds = {
  TAPRI_INVALID: { status: 422, detail: 'Cannot accept the request: title is required' },
}
const limitRefusals: ProblemKinds = {
  TAPRI_HTTP_TOO_MANY: { status: 429, detail: 'Cannot answer so many requests: try again in 20 seconds' },
}

/** The problem documents of a whole API: routes that can be refused alike refer to the same answer. */
export class Problems {
  readonly #responses = new Map<string, JsonSchema>([['Problem', { description: 'What was wrong', content: contentOf([]) }]])
  readonly #examples = new Map<string, JsonSchema>()

  get responses(): Readonly<Record<string, JsonSchema>> {
    return Object.fromEntries(this.#responses)
  }

  get examples(): Readonly<Record<string, JsonSchema>> {
    return Object.fromEntries(this.#examples)
  }

  /** An answer for each status among the refusals, in their order, and one for all that is not foreseen. */
  answers(kinds: ProblemKinds): Readonly<Record<string, JsonSchema>> {
    const statuses = [...new Set(Object.values(kinds).map(({ status }) => status))].sort((one, other) => one - other)
    const answers = statuses.map((status) => {
      const codes = Object.keys(kinds).filter((code) => kinds[code]?.status === status)
      for (const code of codes) this.#example(code, kinds[code])
      return [String(status), { $ref: `#/components/responses/${this.#response(status, codes)}` }] as const
    })
    return { ...Object.fromEntries(answers), default: { $ref: '#/components/responses/Problem' } }
  }

  #example(code: string, kind: ProblemKind | undefined): void {
    if (kind === undefined || this.#examples.has(code)) return
    const { status, detail } = kind
    const title = STATUS_CODES[status] ?? 'Error'
    const issues = code === 'TAPRI_INVALID' ? { issues: [{ path: ['title'], message: 'is required' }] } : {}
    const value = { type: 'about:blank', title, status, detail, code, instance: requestId, ...issues }
    this.#examples.set(code, { summary: detail, value })
  }

  /** Named by what it tells, so that a route more changes no other one's words. */
  #response(status: number, codes: readonly string[]): string {
    const name = `Problem${status}.${codes.map((code) => code.replace(/^TAPRI_/, '')).join('.')}`
    if (this.#responses.has(name)) return name
    const headers = headersOf(status)
    const description = `${STATUS_CODES[status] ?? 'Refused'}: ${codes.join(', ')}`
    this.#responses.set(name, { description, ...(headers !== undefined && { headers }), content: contentOf(codes) })
    return name
  }
}

/** A UUIDv7, as requests have. */
const requestId = '01a1fc22-92fa-7291-b729-5740de14c21d'

function contentOf(codes: readonly string[]): JsonSchema {
  const examples = Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]))
  const schema = { $ref: '#/components/schemas/Problem' }
  return { 'application/problem+json': { schema, ...(codes.length > 0 && { examples }) } }
}

function headersOf(status: number): JsonSchema | undefined {
  if (status === 401) return { 'WWW-Authenticate': { schema: { type: 'string', const: 'Bearer' } } }
  if (status !== 429) return undefined
  return { 'Retry-After': { description: 'Seconds to wait', schema: { type: 'integer', minimum: 1 } } }
}
