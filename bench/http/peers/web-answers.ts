// The work of the runtimes' own servers, by hand on web-standard objects, with the same headers as Tapri.
import { hash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { securityHeaders } from '../row.ts'
import { filePath } from '../rows/file.ts'
import { small } from '../rows/json.ts'
import { hundred } from '../rows/list.ts'
import { depth } from '../rows/middleware.ts'
import { notFound, problemType } from '../rows/missing.ts'
import { invalid, pageOf } from '../rows/param.ts'
import { greeting } from '../rows/plaintext.ts'
import { isItem } from '../rows/post.ts'
import { streamSize, webStreamOfPieces } from '../rows/stream.ts'

const jsonHead = { ...securityHeaders, 'Content-Type': 'application/json', Vary: 'Accept, Accept-Encoding' }
const textHead = { ...securityHeaders, 'Content-Type': 'text/plain; charset=utf-8', Vary: 'Accept-Encoding' }
const problemHead = { ...securityHeaders, 'Content-Type': problemType, 'Cache-Control': 'no-store' }
const bytesHead = { ...securityHeaders, 'Content-Type': 'application/octet-stream', 'Content-Length': String(streamSize) }
const fileHead = { ...textHead, 'Accept-Ranges': 'bytes', 'Cache-Control': 'no-cache' }

export function plaintext(request: Request): Response {
  return send(request, textHead, greeting)
}

export function json(request: Request): Response {
  return sendJson(request, small)
}

export function list(request: Request): Response {
  return sendJson(request, hundred)
}

export function user(request: Request, id: string): Response {
  const page = pageOf(new URLSearchParams(searchOf(request.url)).get('page'))
  return page === undefined ? Response.json(invalid, { status: 422, headers: jsonHead }) : sendJson(request, { id, page })
}

export async function item(request: Request): Promise<Response> {
  if (request.headers.get('content-type') !== 'application/json')
    return Response.json(invalid, { status: 415, headers: jsonHead })
  const body: unknown = await request.json().catch(() => undefined)
  if (!isItem(body)) return Response.json(invalid, { status: 422, headers: jsonHead })
  const { title, price, tags, published } = body
  return new Response(JSON.stringify({ title, price, tags, published }), { headers: jsonHead })
}

type Step = (state: { passed: number }, next: () => Promise<void>) => Promise<void>
const steps: readonly Step[] = Array.from({ length: depth }, () => async (state, next) => {
  state.passed++
  await next()
})

export async function throughSteps(request: Request): Promise<Response> {
  const state = { passed: 0 }
  const enter = async (at: number): Promise<void> => steps[at]?.(state, () => enter(at + 1))
  await enter(0)
  return sendJson(request, state)
}

export function collected(request: Request, collection: number, id: string): Response {
  return sendJson(request, { collection, id })
}

/** `open` gives the file's bytes in the runtime's own way. */
export async function file(request: Request, open: () => BodyInit | Promise<BodyInit>): Promise<Response> {
  const { size, mtimeMs, mtime } = await stat(filePath)
  const etag = `"${size.toString(16)}-${Math.floor(mtimeMs).toString(16)}"`
  const headers = { ...fileHead, ETag: etag, 'Last-Modified': mtime.toUTCString(), 'Content-Length': String(size) }
  if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers })
  return new Response(await open(), { headers })
}

export function stream(): Response {
  return new Response(webStreamOfPieces(), { headers: bytesHead })
}

export function missing(request: Request): Response {
  return new Response(JSON.stringify(notFound(pathOf(request.url))), { status: 404, headers: problemHead })
}

/** Cut out of the text: a parsed URL costs more than all the rest. */
export function pathOf(url: string): string {
  const from = url.indexOf('/', 8)
  const mark = url.indexOf('?', from)
  return mark === -1 ? url.slice(from) : url.slice(from, mark)
}

function searchOf(url: string): string {
  const mark = url.indexOf('?')
  return mark === -1 ? '' : url.slice(mark + 1)
}

function sendJson(request: Request, value: unknown): Response {
  return send(request, jsonHead, JSON.stringify(value))
}

/** With an entity tag, as Tapri's GETs have one. */
function send(request: Request, head: Readonly<Record<string, string>>, body: string): Response {
  const etag = `W/"${hash('sha1', body, 'base64url')}"`
  if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers: { ...head, ETag: etag } })
  return new Response(body, { headers: { ...head, ETag: etag } })
}
