import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Offer, OwnSocket, OwnSocketListener } from '../http/index.ts'
import { systemClock } from '../kit/clock.ts'
import { closeCodes, liveProtocol, maxClientFrame } from '../kit/protocol.ts'

/** One open WebSocket of text frames. */
export interface LiveSocket {
  send(text: string): void
  /** Bytes that the other side has not taken yet. */
  readonly unsent: number
  /** Says goodbye; an other side that does not answer is cut off. */
  close(code: number, reason: string): void
  /** Cuts the line without a word. */
  terminate(): void
}

export interface SocketListener {
  onText(text: string): void
  /** Called after a frame was written out. */
  onWritten(): void
  onClose(): void
}

export interface Sockets {
  /** The same where the server of the runtime itself shakes hands. */
  take(offer: Offer, listen: (socket: LiveSocket) => SocketListener): void
  /** Finishes the handshake; a bad one is answered with status 400 and `listen` is not called. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, listen: (socket: LiveSocket) => SocketListener): void
}

/** How long the other side may take to answer a goodbye. */
const goodbye = 2_000

export function openSockets(): Sockets {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: maxClientFrame,
    // compressing for each client apart costs more than it saves: frames are shared
    perMessageDeflate: false,
    handleProtocols: () => liveProtocol,
  })
  return {
    accept(request, socket, head, listen) {
      server.handleUpgrade(request, socket, head, (opened) => attach(opened, listen))
    },
    take: (offer, listen) => offer.accept(liveProtocol, (opened) => attachOwn(opened, listen)),
  }
}

/** Its frames are no larger than ours may be, and those that break the protocol have closed it. */
function attachOwn(opened: OwnSocket, listen: (socket: LiveSocket) => SocketListener): OwnSocketListener {
  const listener = listen({
    send: (text) => opened.send(text),
    get unsent() {
      return opened.unsent
    },
    close(code, reason) {
      opened.close(code, reason)
      systemClock.after(goodbye, () => opened.terminate())
    },
    terminate: () => opened.terminate(),
  })
  return {
    onText: (text) => listener.onText(text),
    onBinary: () => opened.close(closeCodes.notText, 'Only text frames are understood'),
    onWritten: () => listener.onWritten(),
    onClose: () => listener.onClose(),
  }
}

function attach(opened: WebSocket, listen: (socket: LiveSocket) => SocketListener): void {
  const listener = listen({
    send: (text) => opened.send(text, (failed) => failed ?? listener.onWritten()),
    get unsent() {
      return opened.bufferedAmount
    },
    close(code, reason) {
      opened.close(code, reason)
      systemClock.after(goodbye, () => opened.terminate())
    },
    terminate: () => opened.terminate(),
  })
  opened.on('message', (data, isBinary) => {
    if (isBinary) opened.close(closeCodes.notText, 'Only text frames are understood')
    else if (opened.readyState === opened.OPEN) listener.onText(String(data))
  })
  // frames that break the protocol or its limits: the library has closed with 1002, 1007 or 1009; `close` follows
  opened.on('error', () => {})
  opened.on('close', () => listener.onClose())
}
