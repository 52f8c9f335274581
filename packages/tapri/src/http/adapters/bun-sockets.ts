import { maxClientFrame } from '../../kit/protocol.ts'
import type { ListenToSocket, OwnSocketListener } from './offer.ts'

/** What is used of a WebSocket of Bun's (https://bun.com/docs/api/websockets). */
export interface BunSocket {
  data: BunSocketData
  /** More than 0: written; -1: it waits for the other side. */
  send(text: string): number
  getBufferedAmount(): number
  close(code: number, reason: string): void
  terminate(): void
}

export interface BunSocketData {
  readonly listen: ListenToSocket
  listener: OwnSocketListener | undefined
}

/** What Bun calls for every socket of a server. */
export const bunSockets = {
  maxPayloadLength: maxClientFrame,
  // who is silent is asked, and given up, by whoever listens
  idleTimeout: 0,
  sendPings: false,
  // bytes that wait are looked at before every frame
  backpressureLimit: 0,
  perMessageDeflate: false,

  open(socket: BunSocket): void {
    const { data } = socket
    data.listener = data.listen({
      send(text) {
        if (socket.send(text) > 0) queueMicrotask(() => data.listener?.onWritten())
      },
      get unsent() {
        return socket.getBufferedAmount()
      },
      close: (code, reason) => socket.close(code, reason),
      terminate: () => socket.terminate(),
    })
  },
  message({ data }: BunSocket, message: string | Uint8Array): void {
    if (typeof message === 'string') data.listener?.onText(message)
    else data.listener?.onBinary()
  },
  drain({ data }: BunSocket): void {
    data.listener?.onWritten()
  },
  close({ data }: BunSocket): void {
    data.listener?.onClose()
  },
}
