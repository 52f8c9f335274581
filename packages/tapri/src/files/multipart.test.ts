import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server, request as send } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { manualClock, systemClock } from '../kit/clock.ts'
import { TapriError } from '../kit/errors.ts'
import { type PartsOptions, readParts } from './multipart.ts'
import type { PartHeader } from './part-header.ts'

type Took = { name: string; filename: string | undefined; size: number }
const boundary = '----kites0123456789'
const contentType = `multipart/form-data; boundary=${boundary}`

let server: Server
let took: Took[]
let options: Partial<PartsOptions>
let outcome: PromiseWithResolvers<unknown>

before(async () => {
  server = createServer((request, response) => {
    receive(request).then(
      () => response.end('ok'),
      (error: unknown) => {
        response.statusCode = error instanceof TapriError ? error.status : 599
        response.end(error instanceof TapriError ? error.code : String(error))
      },
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
after(() => server.close())

async function receive(request: IncomingMessage): Promise<void> {
  const take = async ({ name, filename }: PartHeader, content: Readable) => {
    const part = { name, filename, size: -1 }
    took.push(part)
    part.size = (await buffer(content)).length
  }
  const reading = readParts(request, { take, mostParts: 20, mostBytes: 1_000_000, idle: 60_000, clock: systemClock, ...options })
  reading.then(outcome.resolve, outcome.resolve)
  return reading
}

test('parts come one by one with their bytes', async () => {
  const body = form([field('title', 'Kites'), file('source', 'kites.mp4', Buffer.alloc(300_000, 7)), field('empty', '')])
  assert.deepEqual(await post(body), [200, 'ok'])
  assert.deepEqual(took, [
    { name: 'title', filename: undefined, size: 5 },
    { name: 'source', filename: 'kites.mp4', size: 300_000 },
    { name: 'empty', filename: undefined, size: 0 },
  ])
})

test('a form without parts is a form', async () => {
  assert.deepEqual(await post(Buffer.from(`--${boundary}--\r\n`)), [200, 'ok'])
})

test('a preamble and an epilogue are ignored', async () => {
  const body = Buffer.concat([Buffer.from('hello\r\n'), form([field('a', 'b')]), Buffer.from(`and --${boundary} more`)])
  assert.deepEqual(await post(body), [200, 'ok'])
  assert.deepEqual(took, [{ name: 'a', filename: undefined, size: 1 }])
})

test('a body of any split into chunks is the same form', async () => {
  const body = form([
    field('a', 'b\r\n--'),
    file('source', 'x.bin', Buffer.from(`\r\n--${boundary.slice(0, -1)}\r\n`)),
    field('c', 'd'),
  ])
  const whole = [200, 'ok']
  for (let size = 1; size < 40; size++) {
    assert.deepEqual(await post(body, { chunk: size }), whole, `${size}`)
    assert.deepEqual(
      took.map((part) => part.size),
      [5, 24, 1],
      `${size}`,
    )
  }
})

test('malformed forms are TAPRI_FILES_FORM with status 400', async () => {
  const good = form([field('a', 'b')])
  const cases: [string, Buffer, string?][] = [
    ['nothing', Buffer.alloc(0)],
    ['no boundary in the body', Buffer.from('a=b&c=d')],
    ['another boundary', good, 'multipart/form-data; boundary=other'],
    ['no boundary named', good, 'multipart/form-data'],
    ['an empty boundary', good, 'multipart/form-data; boundary=""'],
    ['a boundary of 300 characters', good, `multipart/form-data; boundary=${'b'.repeat(300)}`],
    ['a boundary with line ends', good, 'multipart/form-data; boundary="a\tb"'],
    ['another media type', good, 'multipart/form-dataX; boundary=a'],
    ['a mixed body', good, `multipart/mixed; boundary=${boundary}`],
    ['no closing boundary', good.subarray(0, -6)],
    ['half a boundary', good.subarray(0, 5)],
    ['a part without a header', Buffer.from(`--${boundary}\r\n\r\nx\r\n--${boundary}--\r\n`)],
    ['a header without an end', Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="a"\r\n--${boundary}--\r\n`)],
    ['a header without a colon', Buffer.from(`--${boundary}\r\nnonsense\r\n\r\nx\r\n--${boundary}--\r\n`)],
    ['a part without a name', form([Buffer.from('Content-Disposition: form-data\r\n\r\nx')])],
    ['a name with a line end', form([Buffer.from('Content-Disposition: form-data; name="a\nb"\r\n\r\nx')])],
    [
      'an encoded part',
      form([Buffer.from('Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\neA==')]),
    ],
    ['a header bomb', form([Buffer.from(`Content-Disposition: form-data; name="a"\r\nX: ${'y'.repeat(100_000)}\r\n\r\nx`)])],
    ['a bomb of headers', form([Buffer.from(`Content-Disposition: form-data; name="a"\r\n${'X: y\r\n'.repeat(5000)}\r\nx`)])],
  ]
  for (const [name, body, type] of cases) {
    assert.deepEqual(await post(body, { type: type ?? contentType }), [400, 'TAPRI_FILES_FORM'], name)
  }
})

test('more parts or more bytes than allowed are TAPRI_FILES_FORM_TOO_LARGE', async () => {
  assert.deepEqual(await post(form(Array.from({ length: 30 }, () => field('a', 'b')))), [413, 'TAPRI_FILES_FORM_TOO_LARGE'])
  assert.deepEqual(await post(form([file('a', 'a', Buffer.alloc(1_100_000))])), [413, 'TAPRI_FILES_FORM_TOO_LARGE'])
})

test('what takes a part may refuse it: the answer is its error, and the other parts are let go', async () => {
  const take = async (header: PartHeader, content: Readable) => {
    if (header.name === 'bad') throw new TapriError('TOO_BAD', 'No', { status: 422 })
    await buffer(content)
  }
  const body = form([file('good', 'g', Buffer.alloc(100_000)), file('bad', 'b', Buffer.alloc(100_000)), field('c', 'd')])
  assert.deepEqual(await post(body, { options: { take } }), [422, 'TOO_BAD'])
})

test('a sender that leaves half way is TAPRI_FILES_ABORTED, once what it began has ended', async () => {
  let ended = false
  const take = async (_header: PartHeader, content: Readable) => {
    await buffer(content).finally(() => {
      ended = true
    })
  }
  const socket = await half(form([file('source', 'x', Buffer.alloc(200_000))]), { take })
  socket.destroy()
  const error = await outcome.promise
  assert.ok(error instanceof TapriError)
  assert.equal(error.code, 'TAPRI_FILES_ABORTED')
  assert.ok(ended)
})

test('a sender that falls silent is TAPRI_FILES_STALLED with status 408', async () => {
  const clock = manualClock()
  const socket = await half(form([file('source', 'x', Buffer.alloc(200_000))]), { clock, idle: 30_000 })
  clock.advance(30_000)
  clock.advance(30_000)
  const error = await outcome.promise
  assert.ok(error instanceof TapriError)
  assert.deepEqual([error.code, error.status], ['TAPRI_FILES_STALLED', 408])
  socket.destroy()
})

test('no mutation of a form ends the process: each is taken or answered with a documented error', async () => {
  const body = form([
    field('title', 'Kites over the sea'),
    file('source', 'kites.mp4', Buffer.from('\x00\x00\x00\x18ftypisom--\r\n\r\n--', 'latin1')),
    field('tags', 'a'),
    file('poster', 'p.png', Buffer.alloc(2000, 45)),
  ])
  const documented = new Set(['200 ok', '400 TAPRI_FILES_FORM', '413 TAPRI_FILES_FORM_TOO_LARGE'])
  const place = fc.double({ min: 0, max: 1, noNaN: true })
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom(
        `--${boundary}`,
        `\r\n--${boundary}`,
        `\r\n--${boundary}--`,
        '\r\n',
        '\r\n\r\n',
        '--',
        '\0',
        ':',
        '"',
        ';',
        'Content-Disposition: form-data',
        '__proto__',
      )
      .map((word) => Buffer.from(word)),
  )
  const mutation = fc.record({ from: place, length: fc.integer({ min: 0, max: 60 }), put: piece })
  await fc.assert(
    fc.asyncProperty(
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 700 }),
      async (mutations, chunk) => {
        let bytes = body
        for (const { from, length, put } of mutations) {
          const at = Math.floor(from * bytes.length)
          bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + length)])
        }
        const answer = (await post(bytes, { chunk })).join(' ')
        assert.ok(documented.has(answer), answer)
      },
    ),
    { numRuns: 400 },
  )
})

function field(name: string, value: string): Buffer {
  return Buffer.from(`Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`)
}

function file(name: string, filename: string, content: Buffer): Buffer {
  const head = `Content-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: video/mp4\r\n\r\n`
  return Buffer.concat([Buffer.from(head), content])
}

function form(parts: readonly Buffer[]): Buffer {
  const start = Buffer.from(`--${boundary}\r\n`)
  const end = Buffer.from('\r\n')
  return Buffer.concat([...parts.flatMap((part) => [start, part, end]), Buffer.from(`--${boundary}--\r\n`)])
}

function port(): number {
  return (server.address() as AddressInfo).port
}

function begin(with_: Partial<PartsOptions> = {}): void {
  took = []
  options = with_
  outcome = Promise.withResolvers()
}

async function post(
  body: Buffer,
  { type = contentType, chunk = 65_536, options: more }: { type?: string; chunk?: number; options?: Partial<PartsOptions> } = {},
): Promise<[number, string]> {
  begin(more)
  return new Promise((resolve, reject) => {
    const request = send({ port: port(), method: 'POST', headers: { 'content-type': type } }, (response) => {
      text(response).then((answer) => resolve([response.statusCode ?? 0, answer]), reject)
    })
    request.on('error', reject)
    for (let at = 0; at < body.length; at += chunk) request.write(body.subarray(at, at + chunk))
    request.end()
  })
}

/** Sends the first half of a body and no more. */
async function half(body: Buffer, with_: Partial<PartsOptions>) {
  begin(with_)
  const arrived = new Promise<void>((resolve) =>
    server.once('request', (request: IncomingMessage) => request.once('data', () => resolve())),
  )
  const socket = connect(port(), '127.0.0.1')
  socket.on('error', () => {})
  socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Type: ${contentType}\r\nContent-Length: ${body.length}\r\n\r\n`)
  socket.write(body.subarray(0, body.length / 2))
  await arrived
  return socket
}
