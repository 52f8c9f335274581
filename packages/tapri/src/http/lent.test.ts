import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:http2'
import { pipeline, Readable, Transform } from 'node:stream'
import { test } from 'node:test'
import { selfSigned, withoutOpenssl } from './adapters/certificate.fixture.ts'
import { fromExpress } from './connect.ts'
import { lending } from './lent.ts'
import { openForTest, visitor } from './open.fixture.ts'
import { sendRanges } from './ranges.ts'

const chunkSize = 1_000_000
const chunks = 24
const size = chunkSize * chunks

/** A source that writes over what it is given back, and reads anew into one piece of memory while its chunks are lent. */
class Lender extends Readable {
  readonly lent: Buffer[] = []
  isLending = false
  out = 0
  most = 0
  readonly #count: number
  readonly #size: number
  #read = 0

  constructor(count = chunks, size = chunkSize) {
    super({ highWaterMark: 0 })
    this.#count = count
    this.#size = size
    lending(this, () => {
      this.isLending = true
      return () => {
        this.out--
        this.lent.shift()?.fill(0xff)
      }
    })
  }

  override _read(): void {
    if (this.#read === this.#count) return void this.push(null)
    const chunk = Buffer.alloc(this.#size, this.#read++)
    this.lent.push(chunk)
    this.most = Math.max(this.most, ++this.out)
    this.push(chunk)
  }
}

function expected(): string {
  const hash = createHash('sha256')
  for (let index = 0; index < chunks; index++) hash.update(Buffer.alloc(chunkSize, index))
  return hash.digest('hex')
}

test('a chunk is given back when the connection has taken it, one at a time, however slowly it is read', async (t) => {
  const lenders: Lender[] = []
  const { url } = await openForTest(t, { film: visitor.get('/film', () => sendRanges({ size, type: 'video/mp4', open })) })
  function open() {
    const lender = new Lender()
    lenders.push(lender)
    return lender
  }
  const slow = await ask(`${url}/film`)
  // by the time these are through, the first waits for its caller in the midst of a chunk
  for (let round = 0; round < 3; round++) assert.equal(await hashOf(await ask(`${url}/film`)), expected())
  assert.equal(await hashOf(slow), expected())
  for (const lender of lenders) assert.deepEqual([lender.isLending, lender.most, lender.out], [true, 1, 0])
})

test('over HTTP/2 a chunk is given back when it has been sent, too', { skip: withoutOpenssl }, async (t) => {
  const lender = new Lender()
  const { ca, key, cert } = selfSigned(t)
  const film = visitor.get('/film', () => sendRanges({ size, type: 'video/mp4', open: () => lender }))
  const { url } = await openForTest(t, { film }, { tls: { key, cert }, http2: true })
  const session = connect(url, { ca })
  t.after(() => session.destroy())
  assert.equal(await hashOf(session.request({ ':path': '/film' })), expected())
  assert.deepEqual([lender.isLending, lender.most, lender.out], [true, 1, 0])
})

test('what passes through others before it is sent is not lent', async (t) => {
  const lenders: Lender[] = []
  const keep = (lender: Lender) => {
    lenders.push(lender)
    return lender
  }
  const open = () => keep(new Lender())
  const part = (start: number, end: number) => keep(new Lender(1, end - start + 1))
  const through = () => pipeline(open(), new Transform({ transform: (chunk, _, done) => done(null, chunk) }), () => {})
  const { url } = await openForTest(t, {
    parts: visitor.get('/parts', () => sendRanges({ size, type: 'video/mp4', open: part })),
    through: visitor.get('/through', () => sendRanges({ size, type: 'video/mp4', open: through })),
    wrapped: visitor
      .use(
        fromExpress((_request, response, next) => {
          const { write } = response
          response.write = (...given: any[]) => Reflect.apply(write, response, given)
          next()
        }),
      )
      .get('/wrapped', () => sendRanges({ size, type: 'video/mp4', open })),
  })
  const whole = [await ask(`${url}/through`), await ask(`${url}/wrapped`)]
  for (const response of whole) assert.equal(await hashOf(response), expected())
  const parts = await ask(`${url}/parts`, { range: 'bytes=0-9,20-29' })
  assert.equal((await parts.toArray()).length > 0, true)
  assert.deepEqual(
    lenders.map(({ isLending }) => isLending),
    [false, false, false, false],
  )
})

function ask(url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { headers, agent: false }, resolve).on('error', reject)
  })
}

async function hashOf(response: Readable): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of response) hash.update(chunk)
  return hash.digest('hex')
}
