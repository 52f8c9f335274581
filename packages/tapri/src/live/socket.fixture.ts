import { once } from 'node:events'
import { type ClientOptions, WebSocket } from 'ws'
import { decodeWire, encodeWire } from '../kit/wire.ts'

/** A client that says whatever the test wants. */
export interface RawSocket {
  readonly socket: WebSocket
  /** Frames that came and were not asked for yet. */
  readonly frames: any[]
  send(...frames: (object | string | Buffer)[]): void
  /** The next frame. */
  next(): Promise<any>
  /** The frames until the pong of a ping that is sent now. */
  settle(): Promise<any[]>
  /** The code that the socket is closed with. */
  readonly closed: Promise<number>
}

export async function openRaw(
  port: number,
  options: ClientOptions & { hello?: object | null; protocol?: string; greeted?: boolean } = {},
): Promise<RawSocket> {
  const { hello = { type: 'hello' }, protocol = 'tapri.v1', greeted = true, ...rest } = options
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/live`, protocol, rest)
  const frames: any[] = []
  let wake = () => {}
  socket.on('message', (data) => {
    const frame: any = decodeWire(String(data))
    // the answer to every hello; tests of it look at it themselves
    if (frame.type === 'welcome' && greeted) return
    frames.push(frame)
    wake()
  })
  const closed = new Promise<number>((resolve) => socket.on('close', resolve))
  await once(socket, 'open')
  socket.on('error', () => {})
  const raw: RawSocket = {
    socket,
    frames,
    closed,
    send(...sent) {
      for (const frame of sent) socket.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : encodeWire(frame))
    },
    async next() {
      while (frames.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      return frames.shift()
    },
    async settle() {
      raw.send({ type: 'ping' })
      const seen: any[] = []
      for (let frame = await raw.next(); frame.type !== 'pong'; frame = await raw.next()) seen.push(frame)
      return seen
    },
  }
  if (hello !== null) raw.send(hello)
  return raw
}
