import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type Clock, manualClock } from '../kit/clock.ts'
import type { ManifestRoute } from '../kit/manifest.ts'
import { type ClientOptions, client } from './index.ts'

export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}
export type Handler = (seen: Seen, response: ServerResponse, request: IncomingMessage) => void

const route = (method: ManifestRoute['method'], path: string, rest: Partial<ManifestRoute> = {}): ManifestRoute => ({
  method,
  path: `/api${path}`,
  query: [],
  body: method === 'GET' || method === 'DELETE' ? 'none' : 'json',
  ...rest,
})
const routes = {
  'videos.list': route('GET', '/videos', { query: ['page', 'tags', 'since', 'sort'] }),
  'videos.get': route('GET', '/videos/:id'),
  'videos.raw': route('GET', '/raw/*rest'),
  'videos.find': route('GET', '/find', { query: '*' }),
  'videos.put': route('PUT', '/videos/:id'),
  'videos.create': route('POST', '/videos', { body: 'form' }),
  'videos.rename': route('PATCH', '/videos/:id', { query: ['notify'] }),
  'videos.remove': route('DELETE', '/videos/:id'),
} as const

/** A real server that speaks the contract; `handle` answers what is not the manifest. */
export async function serve(handle: Handler, options: ClientOptions = {}) {
  const seen: Seen[] = []
  let manifests = 0
  const server = createServer((request, response) => {
    if (request.url === '/api/tapri.json') {
      manifests++
      response.setHeader('content-type', 'application/json').end(JSON.stringify(routes))
      return
    }
    const chunks: Buffer[] = []
    request.on('error', () => {})
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const one = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) }
      seen.push(one)
      handle(one, response, request)
    })
  })
  // a line that is closed for being idle, while the next request is on its way, would fail it
  server.keepAliveTimeout = 0
  const url = `${await listen(server)}/api`
  // the routes of this test have no types of their own: any name may be called with anything
  const api: any = client<any>(url, options)
  return {
    api,
    url,
    seen,
    manifests: () => manifests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}

export const json = (response: ServerResponse, value: unknown, status = 200) =>
  response
    .writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' })
    .end(JSON.stringify(value))
export const echo: Handler = ({ method, url, body }, response) => json(response, { method, url, body: body.toString() })

/** A clock whose short waits are over at once, and are written down; deadlines stand until it is advanced. */
export function hastyClock() {
  const clock = manualClock()
  const waits: number[] = []
  const hasty: Clock = {
    now: clock.now,
    after(milliseconds, call) {
      const cancel = clock.after(milliseconds, call)
      if (milliseconds > 30_000) return cancel
      waits.push(milliseconds)
      setImmediate(() => clock.advance(milliseconds))
      return cancel
    },
  }
  return { clock: hasty, waits, advance: clock.advance }
}
