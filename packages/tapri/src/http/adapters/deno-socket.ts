import { maxClientFrame } from '../../kit/protocol.ts'
import type { ListenToSocket } from './offer.ts'

/** What is used of a web-standard WebSocket as Deno's server has it. */
export interface DenoSocket {
  binaryType: string
  readonly bufferedAmount: number
  readonly readyState: number
  send(text: string): void
  close(code?: number, reason?: string): void
  onopen: (() => void) | null
  onmessage: ((event: { readonly data: string | ArrayBuffer }) => void) | null
  onclose: (() => void) | null
  onerror: (() => void) | null
}

/** Milliseconds between looks at whether the other side has taken what was sent, which nothing tells. */
const pace = 10
const open = 1
/** RFC 6455 7.4.1 */
const tooBig = 1009

/** Has a socket listened to once it is open. */
export function openDenoSocket(socket: DenoSocket, listen: ListenToSocket): void {
  socket.binaryType = 'arraybuffer'
  socket.onopen = () => {
    let isClosed = false
    let isLooking = false
    const listener = listen({
      send(text) {
        if (socket.readyState !== open) return
        socket.send(text)
        lookSoon(0)
      },
      get unsent() {
        return socket.bufferedAmount
      },
      close: (code, reason) => socket.close(code, reason),
      terminate() {
        socket.close()
        closed()
      },
    })

    socket.onmessage = ({ data }) => {
      if (socket.readyState !== open) return
      if (typeof data !== 'string') listener.onBinary()
      else if (Buffer.byteLength(data) > maxClientFrame) socket.close(tooBig, 'The frame is too large')
      else listener.onText(data)
    }
    socket.onclose = closed
    // frames that break the protocol: `close` follows
    socket.onerror = () => {}

    function lookSoon(after: number): void {
      if (isLooking) return
      isLooking = true
      setTimeout(look, after)
    }

    function look(): void {
      isLooking = false
      if (isClosed) return
      if (socket.bufferedAmount === 0) listener.onWritten()
      else lookSoon(pace)
    }

    function closed(): void {
      if (isClosed) return
      isClosed = true
      listener.onClose()
    }
  }
}
