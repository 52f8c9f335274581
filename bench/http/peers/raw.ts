// node:http by hand, doing the same work with the same headers: the floor that frameworks are measured against.
import { hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { securityHeaders } from '../row.ts'
import { filePath } from '../rows/file.ts'
import { small } from '../rows/json.ts'
import { hundred } from '../rows/list.ts'
import { depth } from '../rows/middleware.ts'
import { notFound, problemType } from '../rows/missing.ts'
import { invalid, pageOf } from '../rows/param.ts'
import { greeting } from '../rows/plaintext.ts'
import { isItem } from '../rows/post.ts'
import { collections } from '../rows/routes.ts'
import { streamOfPieces, streamSize } from '../rows/stream.ts'
import { listening } from './listening.ts'

type Head = readonly (string | number)[]

const security = Object.entries(securityHeaders).flat()
const jsonHead = [...security, 'Content-Type', 'application/json', 'Vary', 'Accept, Accept-Encoding']
const textHead = [...security, 'Content-Type', 'text/plain; charset=utf-8', 'Vary', 'Accept-Encoding']
const problemHead = [...security, 'Content-Type', problemType, 'Cache-Control', 'no-store']
const bytesHead = [...security, 'Content-Type', 'application/octet-stream', 'Content-Length', streamSize]
const fileHead = [...textHead, 'Accept-Ranges', 'bytes']

const mostBytes = 1_048_576
const numbers = new Map(collections.map(({ number, path }) => [path, number]))

const server = createServer((request, response) => {
  const url = request.url ?? ''
  const mark = url.indexOf('?')
  const path = mark === -1 ? url : url.slice(0, mark)
  if (request.method === 'POST' && path === '/items') return readItem(request, response)
  if (request.method !== 'GET') return missing(response, path)
  switch (path) {
    case '/plaintext':
      return send(request, response, textHead, greeting)
    case '/json':
      return sendJson(request, response, small)
    case '/list':
      return sendJson(request, response, hundred)
    case '/middleware':
      return void throughSteps(request, response)
    case '/files/kites.txt':
      return void sendFile(request, response)
    case '/stream':
      return sendStream(response)
  }
  const slash = path.indexOf('/', 1)
  const collection = slash === -1 ? undefined : numbers.get(path.slice(0, slash))
  if (path.startsWith('/users/')) user(request, response, path, mark === -1 ? '' : url.slice(mark + 1))
  else if (collection !== undefined) sendJson(request, response, { collection, id: decodeURIComponent(path.slice(slash + 1)) })
  else missing(response, path)
})

/** With an entity tag, as Tapri's GETs have one. */
function send(request: IncomingMessage, response: ServerResponse, head: Head, body: string): void {
  const etag = `W/"${hash('sha1', body, 'base64url')}"`
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, [...security, 'ETag', etag])
    response.end()
    return
  }
  response.writeHead(200, [...head, 'ETag', etag, 'Content-Length', Buffer.byteLength(body)])
  response.end(body)
}

function sendJson(request: IncomingMessage, response: ServerResponse, value: unknown): void {
  send(request, response, jsonHead, JSON.stringify(value))
}

/** Without an entity tag: not the answer of a GET that was right. */
function answer(response: ServerResponse, status: number, head: Head, value: unknown): void {
  const body = JSON.stringify(value)
  response.writeHead(status, [...head, 'Content-Length', Buffer.byteLength(body)])
  response.end(body)
}

function missing(response: ServerResponse, path: string): void {
  answer(response, 404, problemHead, notFound(path))
}

function user(request: IncomingMessage, response: ServerResponse, path: string, query: string): void {
  const id = decodeURIComponent(path.slice(7))
  const page = pageOf(new URLSearchParams(query).get('page'))
  if (id === '' || page === undefined) answer(response, 422, jsonHead, invalid)
  else sendJson(request, response, { id, page })
}

function readItem(request: IncomingMessage, response: ServerResponse): void {
  if (request.headers['content-type'] !== 'application/json') {
    answer(response, 415, jsonHead, invalid)
    return
  }
  const chunks: Buffer[] = []
  let size = 0
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > mostBytes) request.destroy()
    else chunks.push(chunk)
  })
  request.on('error', () => undefined)
  request.on('end', () => {
    try {
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
      if (!isItem(body)) return answer(response, 422, jsonHead, invalid)
      const { title, price, tags, published } = body
      answer(response, 200, jsonHead, { title, price, tags, published })
    } catch {
      answer(response, 400, jsonHead, invalid)
    }
  })
}

type Step = (state: { passed: number }, next: () => Promise<void>) => Promise<void>
const steps: readonly Step[] = Array.from({ length: depth }, () => async (state, next) => {
  state.passed++
  await next()
})

async function throughSteps(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const state = { passed: 0 }
  const enter = async (at: number): Promise<void> => {
    const step = steps[at]
    if (step === undefined) sendJson(request, response, state)
    else await step(state, () => enter(at + 1))
  }
  await enter(0)
}

async function sendFile(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { size, mtimeMs, mtime } = await stat(filePath)
  const etag = `"${size.toString(16)}-${Math.floor(mtimeMs).toString(16)}"`
  const known = ['ETag', etag, 'Last-Modified', mtime.toUTCString(), 'Cache-Control', 'no-cache']
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, [...security, ...known])
    response.end()
    return
  }
  response.writeHead(200, [...fileHead, ...known, 'Content-Length', size])
  createReadStream(filePath).pipe(response)
}

function sendStream(response: ServerResponse): void {
  response.writeHead(200, bytesHead)
  streamOfPieces().pipe(response)
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  listening(typeof address === 'object' && address !== null ? address.port : 0)
})
