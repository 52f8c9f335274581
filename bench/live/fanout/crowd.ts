// Many WebSockets of one process: a child that opens them, counts what arrives, and tells.
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

/** How clients of one server say that they want to hear. */
export interface Manner {
  readonly path: string
  readonly protocol?: string
  /** Sent once the socket is open. */
  readonly opening: readonly string[]
  /** In the text frame after which a client is ready. */
  readonly ready: string
  /** In each text frame that is a delivery. */
  readonly delivery: string
}

interface Client {
  readonly socket: Socket
  rest: Buffer
  isOpen: boolean
}

let manner: Manner
let received = 0
let ready = 0
let wanted = { count: 0, resolve: () => {} }
const clients: Client[] = []

process.on('message', async (message: any) => {
  if (message.do === 'open') {
    manner = message.manner
    await openAll(message.port, message.count)
    process.send?.({ ready })
  } else if (message.do === 'await') {
    const begun = performance.now()
    if (received < message.count) {
      await new Promise<void>((resolve) => {
        wanted = { count: message.count, resolve }
      })
    }
    process.send?.({ received, milliseconds: performance.now() - begun })
  } else process.send?.({ received })
})
process.on('disconnect', () => process.exit())
process.send?.({ isReady: true })

async function openAll(port: number, count: number): Promise<void> {
  const target = ready + count
  for (let opened = 0; opened < count; opened++) {
    open(port)
    // no more at once than a server's backlog takes
    while (clients.length - ready > 100) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  while (ready < target) await new Promise((resolve) => setTimeout(resolve, 5))
}

function open(port: number): void {
  const socket = connect(port, '127.0.0.1')
  const client: Client = { socket, rest: Buffer.alloc(0), isOpen: false }
  clients.push(client)
  const protocol = manner.protocol === undefined ? '' : `Sec-WebSocket-Protocol: ${manner.protocol}\r\n`
  const key = randomBytes(16).toString('base64')
  socket.write(
    `GET ${manner.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n${protocol}\r\n`,
  )
  socket.on('data', (chunk) => take(client, chunk))
  socket.on('error', (error) => console.error(error))
}

function take(client: Client, chunk: Buffer): void {
  let bytes = client.rest.length === 0 ? chunk : Buffer.concat([client.rest, chunk])
  if (!client.isOpen) {
    const end = bytes.indexOf('\r\n\r\n')
    if (end === -1) {
      client.rest = bytes
      return
    }
    if (!bytes.subarray(0, 12).equals(Buffer.from('HTTP/1.1 101'))) throw new Error(bytes.toString('utf8', 0, end))
    client.isOpen = true
    bytes = bytes.subarray(end + 4)
    for (const text of manner.opening) client.socket.write(masked(text))
  }
  for (;;) {
    const size = frameSize(bytes)
    if (size === undefined || bytes.length < size.head + size.body) break
    hear(client, bytes, size.head, size.head + size.body)
    bytes = bytes.subarray(size.head + size.body)
  }
  client.rest = bytes.length === 0 ? bytes : Buffer.from(bytes)
}

function hear(client: Client, bytes: Buffer, start: number, end: number): void {
  const text = bytes.toString('latin1', start, Math.min(end, start + 60))
  if (text.includes(manner.delivery)) {
    if (++received === wanted.count) wanted.resolve()
  } else if (text.includes(manner.ready)) ready++
  else if (text === '2') client.socket.write(masked('3'))
}

function frameSize(bytes: Buffer): { readonly head: number; readonly body: number } | undefined {
  if (bytes.length < 2) return undefined
  const length = (bytes[1] ?? 0) & 127
  if (length < 126) return { head: 2, body: length }
  if (length === 126) return bytes.length < 4 ? undefined : { head: 4, body: bytes.readUInt16BE(2) }
  return bytes.length < 10 ? undefined : { head: 10, body: Number(bytes.readBigUInt64BE(2)) }
}

/** A text frame as clients send them; of at most 125 bytes. */
function masked(text: string): Buffer {
  const body = Buffer.from(text)
  if (body.length > 125) throw new RangeError('only short frames are sent here')
  return Buffer.concat([Buffer.from([0x81, 0x80 | body.length, 0, 0, 0, 0]), body])
}
