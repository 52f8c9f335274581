import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { constants, deflateRawSync } from 'node:zlib'
import * as library from 'ws'
import type { Offer, OwnSocket, OwnSocketListener } from '../http/index.ts'
import { systemClock } from '../kit/clock.ts'
import { closeCodes, liveProtocol, maxClientFrame } from '../kit/protocol.ts'
import type { Framing, Outgoing } from './outgoing.ts'

/** One open line of text frames: a WebSocket, or what stands for one. */
export interface LiveSocket {
  send(frame: Outgoing): void
  /** Bytes that the other side has not taken yet. */
  readonly unsent: number
  /** Says goodbye; an other side that does not answer is cut off. */
  close(code: number, reason: string): void
  /** Cuts the line without a word. */
  terminate(): void
}

export interface SocketListener {
  onText(text: string): void
  /** Called when the line has taken what was sent. */
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
  const server = new library.WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: maxClientFrame,
    // without contexts a frame compresses to the same bytes for everybody, and a line that is quiet keeps no window
    perMessageDeflate: { serverNoContextTakeover: true, clientNoContextTakeover: true },
    handleProtocols: () => liveProtocol,
  })
  return {
    accept(request, socket, head, listen) {
      server.handleUpgrade(request, socket, head, (opened) => attach(opened, socket, listen))
    },
    take: (offer, listen) => offer.accept(liveProtocol, (opened) => attachOwn(opened, listen)),
  }
}

/** Its frames are no larger than ours may be, and those that break the protocol have closed it. */
function attachOwn(opened: OwnSocket, listen: (socket: LiveSocket) => SocketListener): OwnSocketListener {
  const listener = listen(new OwnLine(opened))
  return {
    onText: (text) => listener.onText(text),
    onBinary: () => sayGoodbye(opened, closeCodes.notText, onlyText),
    onWritten: () => listener.onWritten(),
    onClose: () => listener.onClose(),
  }
}

/** A socket of the runtime's own server. */
class OwnLine implements LiveSocket {
  readonly #opened: OwnSocket

  constructor(opened: OwnSocket) {
    this.#opened = opened
  }

  get unsent(): number {
    return this.#opened.unsent
  }

  send({ text }: Outgoing): void {
    this.#opened.send(text)
  }

  close(code: number, reason: string): void {
    sayGoodbye(this.#opened, code, reason)
  }

  terminate(): void {
    this.#opened.terminate()
  }
}

function attach(opened: library.WebSocket, line: Duplex, listen: (socket: LiveSocket) => SocketListener): void {
  const socket = new SharedLine(opened, line)
  const listener = listen(socket)
  socket.onWritten = () => listener.onWritten()
  line.on('drain', socket.onWritten)
  opened.on('message', (data, isBinary) => {
    if (isBinary) sayGoodbye(opened, closeCodes.notText, onlyText)
    else if (opened.readyState === opened.OPEN) listener.onText(String(data))
  })
  // frames that break the protocol or its limits: the library has closed with 1002, 1007 or 1009; `close` follows
  opened.on('error', ignore)
  opened.on('close', () => listener.onClose())
}

function ignore(): void {}

/**
 * The library shakes hands, reads, and says goodbye. What is sent goes past it: it would frame, and compress, each text
 * anew for each socket. Its own control frames are written at once, so they never fall into one of ours.
 */
class SharedLine implements LiveSocket {
  onWritten = ignore
  readonly #opened: library.WebSocket
  readonly #line: Duplex
  readonly #compresses: boolean

  constructor(opened: library.WebSocket, line: Duplex) {
    this.#opened = opened
    this.#line = line
    this.#compresses = opened.extensions !== ''
  }

  get unsent(): number {
    return frame === undefined ? this.#opened.bufferedAmount : this.#line.writableLength
  }

  send(outgoing: Outgoing): void {
    const opened = this.#opened
    if (frame === undefined) opened.send(outgoing.text, (failed) => failed ?? this.onWritten())
    else if (opened.readyState === opened.OPEN) this.#line.write(outgoing.bytes(framing, this.#compresses))
  }

  close(code: number, reason: string): void {
    sayGoodbye(this.#opened, code, reason)
  }

  terminate(): void {
    this.#opened.terminate()
  }
}

/** Who does not answer it is cut off. */
function sayGoodbye(opened: Pick<OwnSocket, 'close' | 'terminate'>, code: number, reason: string): void {
  opened.close(code, reason)
  systemClock.after(goodbye, () => opened.terminate())
}

const onlyText = 'Only text frames are understood'

const framing: Framing = {
  frame: (text) => framed(Buffer.from(text), false),
  compressedFrame(text) {
    const bytes = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH })
    return framed(bytes.subarray(0, -emptyBlock), true)
  },
}

/** Ends what a flush leaves, and is left out on the line (RFC 7692 7.2.1). */
const emptyBlock = 4
const textFrame = 1

function framed(bytes: Buffer, rsv1: boolean): Buffer {
  return Buffer.concat(frame?.(bytes, { fin: true, rsv1, opcode: textFrame, mask: false, readOnly: true }) ?? [])
}

interface FrameOptions {
  readonly fin: boolean
  readonly rsv1: boolean
  readonly opcode: number
  readonly mask: false
  readonly readOnly: boolean
}

interface Sender {
  frame(bytes: Buffer, options: FrameOptions): readonly Buffer[]
}

// The library exports what makes its frames, but its types do not know that; Bun puts a library of its own in its place,
// which has none.
const frame = (Reflect.get(library, 'Sender') as Sender | undefined)?.frame
