import type { IncomingMessage, ServerResponse } from 'node:http'
import { milliseconds } from '../kit/measures.ts'
import { httpError } from './errors.ts'

/** Whose pages may read answers, and what of them. */
export interface CorsOptions {
  /** Whole origins, like `https://admin.example.com`; they may make changes too. */
  readonly origins: readonly string[]
  /** Whether cookies may come along; false unless told. */
  readonly credentials?: boolean
  /** Headers of answers that their scripts may read, besides the simple ones. */
  readonly exposedHeaders?: readonly string[]
  /** How long a browser need not ask again before it sends, like `10m`; 10 minutes unless told. */
  readonly maxAge?: number | string
}

/** What the typed client looks at. */
const ours = ['Retry-After', 'Tapri-Session', 'Tapri-Token']
/** What its uploads look at, and those of other makers. */
const ofUploads = [
  'Location',
  'Tus-Resumable',
  'Upload-Offset',
  'Upload-Length',
  'Upload-Complete',
  'Upload-Expires',
  'Upload-Limit',
]

/** Cross-origin reads (https://fetch.spec.whatwg.org/#http-cors-protocol), for listed origins alone. */
export class Cors {
  readonly #origins: ReadonlySet<string>
  readonly #credentials: boolean
  readonly #exposed: string
  readonly #maxAge: number

  /** @throws TAPRI_HTTP_CORS when an origin is not one */
  constructor(options: CorsOptions) {
    const wrong = options.origins.find((origin) => !isOrigin(origin))
    if (wrong !== undefined) {
      const form = 'it must be a scheme, a host and perhaps a port, like "https://admin.example.com"'
      throw httpError('TAPRI_HTTP_CORS', `Cannot allow the origin ${JSON.stringify(wrong)}: ${form}`)
    }
    this.#origins = new Set(options.origins)
    this.#credentials = options.credentials ?? false
    this.#exposed = [...ours, ...ofUploads, ...(options.exposedHeaders ?? [])].join(', ')
    this.#maxAge = Math.floor(milliseconds(options.maxAge ?? '10m') / 1000)
  }

  /** Lets the page that asks read the answer, when it is of a listed origin. */
  open(request: IncomingMessage, response: ServerResponse): void {
    const { origin } = request.headers
    if (origin === undefined || !this.#origins.has(origin)) return
    response.setHeader('Access-Control-Allow-Origin', origin)
    if (this.#credentials) response.setHeader('Access-Control-Allow-Credentials', 'true')
    response.setHeader('Access-Control-Expose-Headers', this.#exposed)
  }

  /** Answers a browser that asks before it sends: every header is allowed, who may send has been said. */
  openPreflight(request: IncomingMessage, response: ServerResponse, methods: readonly string[]): void {
    if (response.getHeader('Access-Control-Allow-Origin') === undefined) return
    if (request.headers['access-control-request-method'] === undefined) return
    response.setHeader('Access-Control-Allow-Methods', methods.join(', '))
    const headers = request.headers['access-control-request-headers']
    if (typeof headers === 'string' && /^[\w!#$%&'*+.^`|~-]+(?:\s*,\s*[\w!#$%&'*+.^`|~-]+)*$/.test(headers)) {
      response.setHeader('Access-Control-Allow-Headers', headers)
    }
    response.setHeader('Access-Control-Max-Age', this.#maxAge)
  }
}

function isOrigin(text: string): boolean {
  return !text.includes('*') && URL.canParse(text) && new URL(text).origin === text
}
