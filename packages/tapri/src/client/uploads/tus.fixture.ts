import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type ClientOptions, client } from '../index.ts'

export interface KeptUpload {
  readonly length: number
  readonly metadata: Readonly<Record<string, string>>
  bytes: Buffer
}

/** What befalls the next PATCH. */
export type Fault =
  /** The line breaks after so many bytes, which were kept. */
  | { readonly cutAfter: number }
  /** The line breaks before the answer, all was kept. */
  | 'unanswered'
  /** One byte is another on arrival. */
  | 'corrupted'
  /** Nothing is read and nothing is said. */
  | 'silent'
  /** The server has lost the upload. */
  | 'lost'
  | { readonly status: number; readonly type: string; readonly body: string }

interface Asked {
  readonly method: string
  readonly path: string
  /** Bytes of the body that were read. */
  size: number
}

const routes = {
  'videos.create': { method: 'POST', path: '/api/videos', query: [], body: 'form' },
  'videos.list': { method: 'GET', path: '/api/videos', query: [], body: 'none' },
}

/** A server of tus 1.0 with creation, checksum and termination that keeps uploads in memory, and fails on demand. */
export async function serveTus(options: ClientOptions = {}) {
  const uploads = new Map<string, KeptUpload>()
  const faults: Fault[] = []
  const asked: Asked[] = []
  const called: { readonly type: string; readonly body: Buffer }[] = []
  let begun = 0

  const server = createServer((request, response) => {
    // a line that is cut is what these tests are about
    request.on('error', () => {})
    answer(request, response).catch(() => response.destroy())
  })
  // a line that is closed for being idle, while the next request is on its way, would be one more that is cut
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '' } = request
    if (path === '/api/tapri.json') return json(response, routes)
    const one: Asked = { method, path, size: 0 }
    asked.push(one)
    if (path === '/api/videos') {
      called.push({ type: request.headers['content-type'] ?? '', body: await read(request, one) })
      return json(response, { ok: true })
    }
    if (request.headers['tus-resumable'] !== '1.0.0') return void response.writeHead(412).end()
    if (method === 'POST') return create(request, response)
    const id = path.split('/').at(-1) ?? ''
    const upload = uploads.get(id)
    if (upload === undefined) return void response.writeHead(404).end()
    if (method === 'HEAD') return void response.writeHead(200, at(upload)).end()
    if (method === 'DELETE') {
      uploads.delete(id)
      return void response.writeHead(204).end()
    }
    const fault = faults.shift()
    if (fault === 'lost') {
      uploads.delete(id)
      return void response.writeHead(404).end()
    }
    await append({ request, response, upload, one, fault })
  }

  function create(request: IncomingMessage, response: ServerResponse): void {
    const id = `u${++begun}`
    const pairs = String(request.headers['upload-metadata'])
      .split(',')
      .map((pair) => pair.split(' '))
    const metadata = Object.fromEntries(pairs.map(([key, value = '']) => [key, Buffer.from(value, 'base64').toString()]))
    uploads.set(id, { length: Number(request.headers['upload-length']), metadata, bytes: Buffer.alloc(0) })
    // as behind a proxy that speaks https with the world
    response.writeHead(201, { location: `https://elsewhere.test/api/uploads/${id}` }).end()
  }

  return {
    api: client<any>(`${origin}/api`, options) as any,
    uploads,
    faults,
    asked,
    called,
    methods: () => asked.map(({ method }) => method),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface Appending {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly upload: KeptUpload
  readonly one: Asked
  readonly fault: Fault | undefined
}

async function append({ request, response, upload, one, fault }: Appending): Promise<void> {
  if (fault === 'silent') return
  const { headers } = request
  if (headers['content-type'] !== 'application/offset+octet-stream') return void response.writeHead(415).end()
  if (Number(headers['upload-offset']) !== upload.bytes.length) return void response.writeHead(409).end()
  if (typeof fault === 'object' && 'status' in fault) {
    return void response.writeHead(fault.status, { 'content-type': fault.type, connection: 'close' }).end(fault.body)
  }
  const most = typeof fault === 'object' ? fault.cutAfter : Number.POSITIVE_INFINITY
  const bytes = await read(request, one, most)
  if (fault === 'corrupted') bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0)
  const isWhole = bytes.length < most
  const checksum = `sha256 ${createHash('sha256').update(bytes).digest('base64')}`
  if (isWhole && headers['upload-checksum'] !== checksum) return void response.writeHead(460).end()
  upload.bytes = Buffer.concat([upload.bytes, bytes])
  if (fault !== undefined && fault !== 'corrupted') return void request.socket.destroy()
  response.writeHead(204, at(upload)).end()
}

async function read(request: IncomingMessage, one: Asked, most = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    const left = part.subarray(0, most - one.size)
    one.size += left.length
    parts.push(left)
    if (one.size >= most) break
  }
  return Buffer.concat(parts)
}

function at({ bytes, length }: KeptUpload) {
  return { 'upload-offset': bytes.length, 'upload-length': length, 'cache-control': 'no-store' }
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

/** Bytes that no two places of share. */
export function content(size: number): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(size)
  for (let place = 0; place + 4 <= size; place += 4) bytes.writeUInt32LE(Math.imul(place + 1, 2_654_435_761) >>> 0, place)
  return bytes
}

export function film(size: number, name = 'kites.mp4'): File {
  return new File([content(size)], name, { type: 'video/mp4', lastModified: 7 })
}

/** Keeps what a page would keep in `localStorage`. */
export function mapMemory() {
  const values = new Map<string, string>()
  return {
    values,
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
  }
}
