import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Http2ServerRequest } from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Intake } from './intake.ts'

const noError = 0
const cancel = 8

test('over HTTP/2 a body that is cut off is not whole, whatever the sender says of why, and what came of it is kept', async (t) => {
  for (const code of [noError, cancel]) {
    const { intake, leave } = await taken(t, { isLast: false })
    let size = 0
    for await (const chunk of intake) {
      size += chunk.length
      if (size === 10_000) leave(code)
    }
    assert.deepEqual([size, (intake.cause as any)?.code], [10_000, 'TAPRI_FILES_ABORTED'], `code ${code}`)
  }
})

test('over HTTP/2 a body that came to its end is whole', async (t) => {
  const { intake } = await taken(t, { isLast: true })
  let size = 0
  for await (const chunk of intake) size += chunk.length
  assert.deepEqual([size, intake.cause], [10_000, undefined])
})

/** The body of a request of which 10,000 bytes are sent, and how its sender leaves. */
async function taken(t: TestContext, { isLast }: { readonly isLast: boolean }) {
  const server = createServer()
  t.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const asked = once(server, 'request')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  socket.resume()
  // by hand: what is cut off without an error must not have ended before
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  socket.write(frame({ type: 4, flags: 0, stream: 0 }))
  const headers = { ':method': 'POST', ':path': '/', ':scheme': 'http', ':authority': 'x' }
  socket.write(frame({ type: 1, flags: 4, stream: 1 }, Buffer.concat(Object.entries(headers).map(literal))))
  socket.write(frame({ type: 0, flags: isLast ? 1 : 0, stream: 1 }, Buffer.alloc(10_000)))
  const [request]: Http2ServerRequest[] = await asked
  assert.ok(request)
  const tooMuch = () => new Error('More came than was sent')
  const { signal } = new AbortController()
  const intake = new Intake(request, { most: 1e6, tooMuch, judge: undefined, see: () => {}, signal })
  const leave = (code: number) => socket.write(frame({ type: 3, flags: 0, stream: 1 }, Buffer.from([0, 0, 0, code])))
  return { intake, leave }
}

interface Head {
  readonly type: number
  readonly flags: number
  readonly stream: number
}

/** RFC 9113 4.1. */
function frame({ type, flags, stream }: Head, content = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(content.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, content])
}

/** RFC 7541 6.2.2: a name and a value as they are, each shorter than 127 bytes. */
function literal(pair: readonly string[]): Buffer {
  return Buffer.concat([Buffer.from([0]), ...pair.flatMap((text) => [Buffer.from([text.length]), Buffer.from(text)])])
}
