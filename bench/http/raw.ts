// node:http by hand, doing the same work with the same headers: the floor that frameworks are measured against.
import { hash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { list, report, securityHeaders, small, streamPieces, streamSize } from './work.ts'

const head = ['Content-Type', 'application/json', ...Object.entries(securityHeaders).flat()]
const streamHead = ['Content-Type', 'application/octet-stream', ...Object.entries(securityHeaders).slice(0, 3).flat()]

const server = createServer((request, response) => {
  const url = request.url ?? ''
  const mark = url.indexOf('?')
  const path = mark === -1 ? url : url.slice(0, mark)
  if (request.method === 'GET' && path === '/json') return send(request, response, small)
  if (request.method === 'GET' && path === '/list') return send(request, response, list)
  if (request.method === 'GET' && path === '/stream') return stream(response)
  if (request.method === 'GET' && path.startsWith('/users/'))
    return user(request, response, path, mark === -1 ? '' : url.slice(mark + 1))
  if (request.method === 'POST' && path === '/items') return item(request, response)
  answer(response, 404, { error: 'not found' })
})

/** With an entity tag, as Tapri's GETs have one. */
function send(request: IncomingMessage, response: ServerResponse, value: unknown): void {
  const body = JSON.stringify(value)
  const etag = `W/"${hash('sha1', body, 'base64url')}"`
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, [...head, 'ETag', etag])
    response.end()
    return
  }
  response.writeHead(200, [...head, 'ETag', etag, 'Content-Length', Buffer.byteLength(body)])
  response.end(body)
}

function answer(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value)
  response.writeHead(status, [...head, 'Content-Length', Buffer.byteLength(body)])
  response.end(body)
}

function user(request: IncomingMessage, response: ServerResponse, path: string, query: string): void {
  const id = decodeURIComponent(path.slice(7))
  const page = Number(new URLSearchParams(query).get('page') ?? 1)
  if (id === '' || !Number.isInteger(page) || page < 1) answer(response, 422, { error: 'invalid' })
  else send(request, response, { id, page })
}

function item(request: IncomingMessage, response: ServerResponse): void {
  if (request.headers['content-type'] !== 'application/json') {
    answer(response, 415, { error: 'type' })
    return
  }
  const chunks: Buffer[] = []
  let size = 0
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > 1_048_576) request.destroy()
    else chunks.push(chunk)
  })
  request.on('error', () => undefined)
  request.on('end', () => {
    try {
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
      if (isItem(body))
        answer(response, 200, { title: body.title, price: body.price, tags: body.tags, published: body.published })
      else answer(response, 422, { error: 'invalid' })
    } catch {
      answer(response, 400, { error: 'json' })
    }
  })
}

interface Item {
  title: string
  price: number
  tags: string[]
  published: boolean
}
const known = new Set(['title', 'price', 'tags', 'published'])

function isItem(value: unknown): value is Item {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  for (const key in value) if (!known.has(key)) return false
  if (!('title' in value) || typeof value.title !== 'string' || value.title.length < 1 || value.title.length > 120) return false
  if (!('price' in value) || typeof value.price !== 'number' || value.price < 0) return false
  if (!('published' in value) || typeof value.published !== 'boolean') return false
  return 'tags' in value && Array.isArray(value.tags) && value.tags.length <= 10 && value.tags.every(isTag)
}

function isTag(tag: unknown): boolean {
  return typeof tag === 'string' && tag.length <= 30
}

function stream(response: ServerResponse): void {
  response.writeHead(200, [...streamHead, 'Content-Length', streamSize])
  Readable.from(streamPieces(), { objectMode: false }).pipe(response)
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  report(typeof address === 'object' && address !== null ? address.port : 0)
})
