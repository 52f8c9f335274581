import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { brotliCompressSync, brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { openForTest, visitor } from './open.fixture.ts'

interface Received {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

/** Asks without undoing the coding, as fetch would. */
function ask(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Received> {
  return new Promise((resolve, reject) => {
    const { hostname, port, pathname } = new URL(url)
    const request = get({ hostname, port, path: pathname, headers, method }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      )
    })
    request.on('error', reject)
  })
}

const rows = Array.from({ length: 100 }, (_, number) => ({ number, title: `Row ${number}` }))
const text = JSON.stringify(rows)
const undo = { br: brotliDecompressSync, gzip: gunzipSync, zstd: zstdDecompressSync }

test('an answer that is large enough is compressed as its caller likes best, and says what it varies with', async (context) => {
  const { url } = await openForTest(context, { rows: visitor.get('/rows', () => rows) })
  for (const [accepted, encoding] of Object.entries({
    gzip: 'gzip',
    br: 'br',
    zstd: 'zstd',
    'gzip, deflate, br, zstd': 'zstd',
    'gzip, br;q=0.5': 'gzip',
    '*': 'zstd',
  } as const)) {
    const { headers, body } = await ask(`${url}/rows`, { 'Accept-Encoding': accepted })
    assert.equal(headers['content-encoding'], encoding, accepted)
    assert.equal(headers['content-length'], String(body.length))
    assert.equal(headers.vary, 'Accept, Accept-Encoding')
    assert.ok(body.length < text.length / 3)
    assert.equal(undo[encoding](body).toString(), text)
  }
  for (const accepted of ['identity', 'gzip;q=0', 'deflate', '']) {
    const { headers, body } = await ask(`${url}/rows`, { 'Accept-Encoding': accepted })
    assert.equal(headers['content-encoding'], undefined, accepted)
    assert.equal(headers.vary, 'Accept, Accept-Encoding')
    assert.equal(body.toString(), text)
  }
})

test('what is small, of a route that says so, or not to be transformed goes as it is', async (context) => {
  const { url } = await openForTest(context, {
    small: visitor.get('/small', () => ({ ok: true })),
    secret: visitor.get('/secret', { compress: false }, () => rows),
    kept: visitor.get('/kept', ({ reply }) => {
      reply.header('Cache-Control', 'no-transform')
      return rows
    }),
    bytes: visitor.get('/bytes', () => Buffer.from(text)),
  })
  for (const path of ['small', 'secret', 'kept', 'bytes']) {
    const { status, headers } = await ask(`${url}/${path}`, { 'Accept-Encoding': 'gzip' })
    assert.equal(status, 200)
    assert.equal(headers['content-encoding'], undefined, path)
  }
})

test('a server whose proxy compresses neither compresses nor says so', async (context) => {
  const { url } = await openForTest(context, { rows: visitor.get('/rows', () => rows) }, { compress: false })
  const { headers } = await ask(`${url}/rows`, { 'Accept-Encoding': 'gzip' })
  assert.equal(headers['content-encoding'], undefined)
  assert.equal(headers.vary, 'Accept')
})

test('a stream of text is compressed on its way, one of pictures is not, and HEAD tells the same', async (context) => {
  const { url } = await openForTest(context, {
    text: visitor.get('/text', ({ reply }) => reply.stream(Readable.from([text, text]), { type: 'text/csv' })),
    sized: visitor.get('/sized', ({ reply }) => reply.stream(Readable.from([text]), { type: 'text/csv', size: text.length })),
    picture: visitor.get('/picture', ({ reply }) => reply.stream(Readable.from([text]), { type: 'image/png' })),
  })
  const { headers, body } = await ask(`${url}/text`, { 'Accept-Encoding': 'br' })
  assert.equal(headers['content-encoding'], 'br')
  assert.equal(headers.vary, 'Accept-Encoding')
  assert.equal(brotliDecompressSync(body).toString(), text + text)
  const sized = await ask(`${url}/sized`, { 'Accept-Encoding': 'gzip' })
  assert.equal(sized.headers['content-length'], undefined)
  assert.equal(gunzipSync(sized.body).toString(), text)
  assert.equal((await ask(`${url}/text`, { 'Accept-Encoding': 'br' }, 'HEAD')).headers['content-encoding'], 'br')
  assert.equal((await ask(`${url}/picture`, { 'Accept-Encoding': 'br' })).headers['content-encoding'], undefined)
})

test('a compressed stream that fails before its first byte is a problem document', async (context) => {
  const { url } = await openForTest(context, {
    broken: visitor.get('/broken', ({ reply }) =>
      reply.stream(
        new Readable({
          read() {
            this.destroy(new Error('no source'))
          },
        }),
        { type: 'text/csv' },
      ),
    ),
  })
  const { status, headers } = await ask(`${url}/broken`, { 'Accept-Encoding': 'gzip' })
  assert.equal(status, 500)
  assert.equal(headers['content-type'], 'application/problem+json')
  assert.equal(headers['content-encoding'], undefined)
})

test('a file of a folder is sent as its compressed neighbour to those who accept it, and whole or in parts to the others', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-folder-'))
  context.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'app.js'), text)
  writeFileSync(join(folder, 'app.js.br'), brotliCompressSync(text))
  const { url } = await openForTest(context, {}, { folders: { '/': { from: folder } } })
  const small = await ask(`${url}/app.js`, { 'Accept-Encoding': 'gzip, br' })
  assert.equal(small.headers['content-encoding'], 'br')
  assert.match(String(small.headers['content-type']), /javascript/)
  assert.equal(small.headers.vary, 'Accept-Encoding')
  assert.equal(brotliDecompressSync(small.body).toString(), text)
  const whole = await ask(`${url}/app.js`)
  assert.equal(whole.body.toString(), text)
  assert.notEqual(whole.headers.etag, small.headers.etag)
  const again = await ask(`${url}/app.js`, { 'Accept-Encoding': 'br', 'If-None-Match': String(small.headers.etag) })
  assert.equal(again.status, 304)
  const part = await ask(`${url}/app.js`, { 'Accept-Encoding': 'br', Range: 'bytes=0-9' })
  assert.equal(part.status, 206)
  assert.equal(part.body.toString(), text.slice(0, 10))
})
