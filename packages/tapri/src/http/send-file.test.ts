import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, type TestContext, test } from 'node:test'
import { isNode } from '../kit/runtime.ts'
import { selfSigned, withoutOpenssl } from './adapters/certificate.fixture.ts'
import { bytesLent } from './chunks.ts'
import { fromExpress } from './connect.ts'
import { openForTest, visitor } from './open.fixture.ts'
import { openFile } from './open-file.ts'
import { sendRanges } from './ranges.ts'

const size = 24_000_000
const bytes = Buffer.alloc(size)
for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE(at, at)
const whole = hashOf(bytes)
const skip = isNode ? false : 'other runtimes read streams'
let folder = ''
let path = ''

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapri-send-file-'))
  path = join(folder, 'film')
  await writeFile(path, bytes)
})

after(() => rm(folder, { recursive: true }))

/** A server of the file, of which it says that there is so much; `open` counts those who have it now. */
async function films(t: TestContext, promised = size, options: Parameters<typeof openForTest>[2] = {}) {
  const counts = { open: 0, leases: 0, streams: 0 }
  const film = () =>
    sendRanges({
      size: promised,
      type: 'video/mp4',
      async lease() {
        const { fd, release } = await openFile(path)
        counts.leases++
        counts.open++
        return {
          fd,
          release() {
            counts.open--
            return release()
          },
        }
      },
      open(start, end) {
        counts.streams++
        return Readable.from([bytes.subarray(start, end + 1)])
      },
    })
  const wrapped = visitor.use(
    fromExpress((_request, response, next) => {
      const { write } = response
      response.write = (...given: any[]) => Reflect.apply(write, response, given)
      next()
    }),
  )
  const routes = { film: visitor.get('/film', film), wrapped: wrapped.get('/wrapped', film) }
  return { counts, ...(await openForTest(t, routes, options)) }
}

test('a file comes whole however slowly it is read, and its memory and its file are given back', { skip }, async (t) => {
  const { url, counts } = await films(t)
  const slow = await ask(`${url}/film`)
  // by the time these are through, the first waits for its caller in the midst of a chunk
  for (let round = 0; round < 3; round++) assert.equal(await hashed(await ask(`${url}/film`)), whole)
  assert.equal(await hashed(slow), whole)
  await settled(() => counts.open === 0)
  assert.deepEqual([counts.leases, counts.streams, bytesLent()], [4, 0, 0])
})

test('two hundred who ask for parts at once get their own, also those who ask on one connection', { skip }, async (t) => {
  const { url, raw, counts } = await films(t)
  await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const [start, end] = partOf(index)
      const answer = await ask(`${url}/film`, { range: `bytes=${start}-${end}` })
      assert.deepEqual([answer.statusCode, answer.headers['content-range']], [206, `bytes ${start}-${end}/${size}`])
      assert.equal(await hashed(answer), hashOf(bytes.subarray(start, end + 1)), `part ${index}`)
    }),
  )
  const asked = (range: string, more = '') => `GET /film HTTP/1.1\r\nHost: a\r\nRange: bytes=${range}\r\n${more}\r\n`
  const answers = await raw(asked('0-3') + asked('400000-799999') + asked('8-11', 'Connection: close\r\n'))
  const heads = [...answers.matchAll(/Content-Length: (\d+)\r\n.*?Content-Range: (bytes \S+)/gs)].map(([, ...found]) => found)
  assert.deepEqual(heads, [
    ['4', `bytes 0-3/${size}`],
    ['400000', `bytes 400000-799999/${size}`],
    ['4', `bytes 8-11/${size}`],
  ])
  await settled(() => counts.open === 0)
  assert.equal(bytesLent(), 0)
})

test('over HTTP/2 a file is sent so, too', { skip: skip || withoutOpenssl }, async (t) => {
  const { ca, key, cert } = selfSigned(t)
  const { url, counts } = await films(t, size, { tls: { key, cert }, http2: true })
  const session = connect(url, { ca })
  t.after(() => session.destroy())
  assert.equal(await hashed(session.request({ ':path': '/film' })), whole)
  await settled(() => counts.open === 0)
  assert.deepEqual([counts.leases, counts.streams, bytesLent()], [1, 0, 0])
})

test('who leaves in the midst leaves no file open and no memory lent', { skip }, async (t) => {
  const { url, counts } = await films(t)
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(`${url}/film`)))
  assert.ok(counts.open > 0 && bytesLent() > 0)
  for (const answer of answers) answer.destroy()
  await settled(() => counts.open === 0)
  assert.deepEqual([counts.leases, bytesLent()], [50, 0])
})

test('a file that is shorter than was said is a problem before its first byte, and cuts the answer after it', async (t) => {
  const { url, counts } = await films(t, size + 10)
  const problem = await ask(`${url}/film`, { range: `bytes=${size}-` })
  if (isNode) assert.deepEqual([problem.statusCode, problem.headers['content-type']], [500, 'application/problem+json'])
  await assert.rejects(hashed(await ask(`${url}/film`, { range: `bytes=${size - 100}-` })), { code: 'ECONNRESET' })
  await settled(() => counts.open === 0)
  assert.equal(bytesLent(), 0)
})

test('an answer that others write for us is read from a stream', async (t) => {
  const { url, counts } = await films(t)
  assert.equal(await hashed(await ask(`${url}/wrapped`)), whole)
  assert.deepEqual([counts.leases, counts.streams], [0, 1])
})

/** Small ones, those of a chunk, and those of many. */
function partOf(index: number): readonly [number, number] {
  const start = (index * 104_729) % 20_000_000
  return [start, start + ([0, 5_000, 65_535, 300_000, 3_000_000][index % 5] ?? 0)]
}

function ask(url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { headers, agent: false }, resolve).on('error', reject)
  })
}

async function hashed(response: Readable): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of response) hash.update(chunk)
  return hash.digest('hex')
}

function hashOf(all: Uint8Array): string {
  return createHash('sha256').update(all).digest('hex')
}

/** What a server does once its caller has all takes a few turns of the event loop; what never is comes to the limit of its test. */
async function settled(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1))
}
