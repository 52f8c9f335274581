import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { tapri } from 'tapri'
import { int, model, text } from 'tapri/data'

const models = { notes: model({ text: text({ max: 300_000 }), rank: int({ default: 0 }) }) }
const { app, controller, policy, visitor } = tapri({ models })

/** How many handlers of the slow route run now, and at most did. */
export const slow = { now: 0, most: 0 }

/** A board that whoever abuses the server shares with others. */
export default app({
  controllers: {
    notes: controller('/notes', {
      list: visitor.get('/', { query: { rank: int({ default: 0 }) } }, ({ db, query }) =>
        db.notes.find({ where: { rank: query.rank } }),
      ),
      long: visitor.get('/long', async ({ db }) => `${await db.notes.count()}${'x'.repeat(200_000)}`),
      /** Ends when nobody waits for it any more. */
      slow: visitor.get('/slow', { query: { number: int() } }, async ({ query, signal }) => {
        slow.most = Math.max(slow.most, ++slow.now)
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
        slow.now--
        return query.number
      }),
    }),
  },
  policies: [policy('notes', { read: () => true })],
})

export interface FrameOptions {
  readonly opcode?: number
  readonly isLast?: boolean
  /** The three bits that nobody has agreed on: 4, 2 and 1. */
  readonly reserved?: number
  readonly isMasked?: boolean
  /** As it is announced, whatever follows. */
  readonly length?: number | bigint
}

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** One frame of RFC 6455, right or wrong. */
export function frame(payload: string | Buffer, options: FrameOptions = {}): Buffer {
  const { opcode = opcodes.text, isLast = true, reserved = 0, isMasked = true } = options
  const bytes = Buffer.from(payload)
  const length = BigInt(options.length ?? bytes.length)
  const head = [(isLast ? 0x80 : 0) | (reserved << 4) | opcode]
  const mask = isMasked ? 0x80 : 0
  const long = Buffer.alloc(8)
  long.writeBigUInt64BE(length)
  if (length < 126n) head.push(mask | Number(length))
  else if (length < 65_536n) head.push(mask | 126, ...long.subarray(6))
  else head.push(mask | 127, ...long)
  if (!isMasked) return Buffer.concat([Buffer.from(head), bytes])
  const key = randomBytes(4)
  return Buffer.concat([Buffer.from(head), key, bytes.map((byte, index) => byte ^ (key[index % 4] ?? 0))])
}

export function closing(code: number, reason: string | Buffer = ''): Buffer {
  const bytes = Buffer.from([code >> 8, code & 255])
  return frame(Buffer.concat([bytes, Buffer.from(reason)]), { opcode: opcodes.close })
}

export interface Wire {
  readonly socket: Socket
  /** The texts that came. */
  readonly texts: any[]
  readonly pongs: Buffer[]
  write(...parts: (string | Buffer | object)[]): void
  /** Resolves once that many texts have come. */
  came(count: number): Promise<any[]>
  /** The code it was closed with; undefined when there was none. */
  readonly closed: Promise<number | undefined>
}

export interface WireOptions {
  readonly hello?: boolean
  readonly compresses?: boolean
  /** Whether it says goodbye when the server does. */
  readonly answersClose?: boolean
}

/** A WebSocket byte for byte, with nothing between it and the test. */
export async function openWire(
  port: number,
  { hello = true, compresses = false, answersClose = true }: WireOptions = {},
): Promise<Wire> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(`${handshake(compresses)}\r\n`)
  const texts: any[] = []
  const pongs: Buffer[] = []
  let wake = () => {}
  let code: number | undefined
  let bytes: Buffer = Buffer.alloc(0)
  let isOpen = false
  const opened = Promise.withResolvers<void>()
  const closed = new Promise<number | undefined>((resolve) => {
    socket.on('close', () => {
      opened.reject(new Error('The handshake was refused'))
      wake()
      resolve(code)
    })
  })
  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk])
    const end = bytes.indexOf('\r\n\r\n')
    if (!isOpen && end === -1) return
    if (!isOpen) {
      isOpen = bytes.toString('latin1').startsWith('HTTP/1.1 101')
      if (!isOpen) return void socket.destroy()
      bytes = bytes.subarray(end + 4)
      opened.resolve()
    }
    for (let read = readFrame(bytes); read !== undefined; read = readFrame(bytes)) {
      bytes = read.rest
      if (read.opcode === opcodes.text) texts.push(JSON.parse(read.payload.toString()))
      if (read.opcode === opcodes.pong) pongs.push(read.payload)
      if (read.opcode !== opcodes.close) continue
      code = read.payload.length >= 2 ? read.payload.readUInt16BE() : undefined
      if (answersClose) socket.end(frame(read.payload, { opcode: opcodes.close }))
    }
    wake()
  })
  await opened.promise
  const wire: Wire = {
    socket,
    texts,
    pongs,
    closed,
    write(...parts) {
      const framed = parts.map((part) =>
        Buffer.isBuffer(part) ? part : frame(typeof part === 'string' ? part : JSON.stringify(part)),
      )
      socket.write(Buffer.concat(framed))
    },
    async came(count) {
      while (texts.length < count && !socket.destroyed) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      return texts
    },
  }
  if (hello) {
    wire.write({ type: 'hello' })
    await wire.came(1)
    texts.shift()
  }
  return wire
}

/** A line of events, with nothing between it and the test. */
export async function openEvents(api: string) {
  const leaving = new AbortController()
  const answer = await fetch(`${api}/live/events`, { headers: { accept: 'text/event-stream' }, signal: leaving.signal })
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const events = () => [...text.matchAll(/^data: ?(.*)$/gm)].map(([, data = '']) => JSON.parse(data))
  const readOn = async () => {
    const { done, value = '' } = (await reader?.read()) ?? { done: true }
    text += value
    return !done
  }
  while (!text.includes('\n\n')) await readOn()
  const line: string = events()[0].id
  await post(api, line, '{"type":"hello"}')
  return {
    line,
    send: (frames: string) => post(api, line, frames),
    /** Every event until the end. */
    async all(): Promise<any[]> {
      while (await readOn());
      return events()
    },
    leave: () => leaving.abort(),
  }
}

/** The status that frames are answered with. */
export async function post(api: string, line: string, body: string): Promise<number> {
  return (await fetch(`${api}/live/frames?line=${encodeURIComponent(line)}`, { method: 'POST', body })).status
}

/** All of it but the empty line at its end. */
export function handshake(compresses = false): string {
  return [
    'GET /api/live HTTP/1.1',
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol: tapri.v1',
    ...(compresses ? ['Sec-WebSocket-Extensions: permessage-deflate'] : []),
    '',
  ].join('\r\n')
}

function readFrame(bytes: Buffer) {
  const [first = 0, second = 0] = bytes
  if (bytes.length < 2) return undefined
  const isLong = second === 127
  const start = second < 126 ? 2 : isLong ? 10 : 4
  if (bytes.length < start) return undefined
  const length = second < 126 ? second : isLong ? Number(bytes.readBigUInt64BE(2)) : bytes.readUInt16BE(2)
  if (bytes.length < start + length) return undefined
  return { opcode: first & 15, payload: bytes.subarray(start, start + length), rest: bytes.subarray(start + length) }
}
