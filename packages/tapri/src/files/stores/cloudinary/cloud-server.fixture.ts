import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

const resources = '/v1_1/kites/resources/raw/authenticated'

interface Chunks {
  readonly bytes: Buffer[]
  size: number
}

/**
 * What Cloudinary's documentation says of raw authenticated files, in memory: signatures of requests and of delivery URLs, uploads
 * in chunks, the list of the Admin API, limits. It stands for an account that there is none of; written without the package.
 */
export class CloudServer implements AsyncDisposable {
  readonly url: string
  readonly #server: Server
  readonly #files = new Map<string, Buffer>()
  readonly #uploads = new Map<string, Chunks>()
  /** How many requests are answered with 500 before the next good one. */
  failures = 0

  private constructor(server: Server) {
    this.#server = server
    const address = server.address()
    assert.ok(address !== null && typeof address === 'object')
    const here = encodeURIComponent(`http://127.0.0.1:${address.port}`)
    this.url = `cloudinary://1234:secret@kites?api=${here}&delivery=${here}`
  }

  static async open(): Promise<CloudServer> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const cloud = new CloudServer(server)
    server.on('request', (request, response) => {
      cloud.#answer(request, response).catch((error: unknown) => {
        // a request that was cut off has nobody to be answered
        if (!request.destroyed || request.complete) send(response, 400, { error: { message: String(error) } })
      })
    })
    return cloud
  }

  /** The names of all that is kept. Uploads whose last chunk does not come are forgotten, as Cloudinary does. */
  names(prefix: string): string[] {
    return [...this.#files.keys()].filter((name) => name.startsWith(prefix))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://localhost')
    if (this.failures > 0) {
      this.failures--
      request.resume()
      send(response, 500, { error: { message: 'General Error' } })
      return
    }
    if (/^\/v1_1\/(?!kites\/)/.test(url.pathname)) {
      send(response, 404, { error: { message: 'Unknown cloud' } })
    } else if (url.pathname === '/v1_1/kites/raw/upload') {
      send(response, 200, this.#upload(request, await formOf(request)))
    } else if (url.pathname === '/v1_1/kites/raw/destroy') {
      const form = signed(await formOf(request))
      send(response, 200, { result: this.#files.delete(String(form.get('public_id'))) ? 'ok' : 'not found' })
    } else if (url.pathname.startsWith(resources)) {
      send(response, ...this.#administer(request, url))
    } else {
      this.#deliver(request, response, url)
    }
  }

  #upload(request: IncomingMessage, form: FormData & { bytes?: Buffer }): object {
    signed(form)
    const name = String(form.get('public_id'))
    const bytes = form.bytes ?? Buffer.alloc(0)
    if (bytes.length === 0) throw new Error('Empty file')
    const [, start, end, total] = /^bytes (\d+)-(\d+)\/(-1|\d+)$/.exec(request.headers['content-range'] ?? '') ?? []
    if (start === undefined) {
      if (request.headers['content-range'] !== undefined) throw new Error('Invalid Content-Range')
      this.#files.set(name, bytes)
      return { public_id: name, bytes: bytes.length }
    }
    const id = `${name} ${request.headers['x-unique-upload-id']}`
    const chunks = this.#uploads.get(id) ?? { bytes: [], size: 0 }
    this.#uploads.set(id, chunks)
    // a chunk may be sent again, as its answer may have been lost
    if (Number(end) === chunks.size - 1 && chunks.bytes.at(-1)?.equals(bytes)) return { done: Number(total) === chunks.size }
    if (Number(start) !== chunks.size || Number(end) !== chunks.size + bytes.length - 1) throw new Error('Wrong chunk')
    if (total === '-1' && bytes.length < 5_000_000) throw new Error('All parts except last must be larger than 5mb')
    chunks.bytes.push(bytes)
    chunks.size += bytes.length
    if (Number(total) !== chunks.size) return { done: false }
    this.#files.set(name, Buffer.concat(chunks.bytes))
    return { done: true, public_id: name, bytes: chunks.size }
  }

  #administer(request: IncomingMessage, url: URL): [number, object] {
    const authorization = `Basic ${Buffer.from('1234:secret').toString('base64')}`
    if (request.headers.authorization !== authorization) return [401, { error: { message: 'Invalid credentials' } }]
    const name = url.pathname.slice(resources.length + 1)
    if (name !== '') {
      const bytes = this.#files.get(name)
      if (bytes === undefined) return [404, { error: { message: `Resource not found - ${name}` } }]
      return [200, { public_id: name, bytes: bytes.length }]
    }
    const prefix = url.searchParams.get('prefix') ?? ''
    const found = [...this.#files].filter(([id]) => id.startsWith(prefix)).sort(([one], [other]) => (one < other ? -1 : 1))
    // pages of three, so that there are many
    const at = Number(url.searchParams.get('next_cursor') ?? '0')
    const page = found.slice(at, at + 3)
    const isPartial = found.length > at + 3
    if (request.method === 'DELETE') {
      for (const [id] of page) this.#files.delete(id)
      return [200, { deleted: {}, partial: isPartial }]
    }
    const list = page.map(([id, bytes]) => ({ public_id: id, bytes: bytes.length }))
    return [200, { resources: list, ...(isPartial && { next_cursor: String(at + 3) }) }]
  }

  #deliver(request: IncomingMessage, response: ServerResponse, url: URL): void {
    const [, signature, name = ''] = /^\/kites\/raw\/authenticated\/s--(.{8})--\/(?:v1\/)?(.+)$/.exec(url.pathname) ?? []
    const bytes = this.#files.get(name)
    if (signature !== createHash('sha1').update(`${name}secret`).digest('base64url').slice(0, 8)) {
      send(response, 401, { error: { message: 'Invalid signature' } })
    } else if (bytes === undefined) {
      send(response, 404, {})
    } else {
      const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
      const part = start === undefined ? bytes : bytes.subarray(Number(start), Number(end) + 1)
      response.writeHead(start === undefined ? 200 : 206, { 'Content-Length': part.length }).end(part)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}

/** Signed as the documentation of uploads says: the fields by name, without those of the file and of who sends it. */
function signed(form: FormData): FormData {
  const fields = [...form].filter(([name]) => !['file', 'api_key', 'signature', 'cloud_name', 'resource_type'].includes(name))
  const text = fields
    .map(([name, value]) => `${name}=${String(value)}`)
    .sort()
    .join('&')
  const expected = createHash('sha1').update(`${text}secret`).digest('hex')
  if (form.get('api_key') !== '1234' || form.get('signature') !== expected) {
    throw new Error(`Invalid Signature. String to sign - '${text}'`)
  }
  const age = Date.now() / 1000 - Number(form.get('timestamp'))
  if (age > 3600) throw new Error('Stale request')
  return form
}

async function formOf(request: IncomingMessage): Promise<FormData & { bytes?: Buffer }> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const headers = { 'Content-Type': request.headers['content-type'] ?? '' }
  const form: FormData & { bytes?: Buffer } = await new Response(new Uint8Array(Buffer.concat(chunks)), { headers }).formData()
  const file = form.get('file')
  if (file instanceof Blob) form.bytes = Buffer.from(await file.arrayBuffer())
  return form
}
