import type { ChannelClientFrame, ChannelServerFrame } from '../kit/channel-protocol.ts'
import type { TapriError } from '../kit/errors.ts'
import { type ClientFrame, liveProtocol, readProblem, type ServerFrame } from '../kit/protocol.ts'
import { decodeWire, encodeWire } from '../kit/wire.ts'
import { Backoff } from './backoff.ts'
import { clientError } from './errors.ts'
import { EventLine, type LineSocket } from './event-line.ts'
import { isFinalClose } from './final-close.ts'
import type { Settings } from './options.ts'

/** The server asks every 25 seconds; after this much silence the line is taken for dead. */
const silence = 60_000
/** A connection that is accepted and not answered for so long is given up. */
const opening = 20_000
/** After so many tries in a row that did not open, as many are made the other way. */
const blockedAfter = 2

export interface LineListener {
  /** Connected, also again: nothing that was said before counts. */
  onOpen(): void
  onFrame(frame: ServerFrame | ChannelServerFrame): void
  /** The connection is lost; another one follows unless the line is closed here. */
  onLost(): void
  /** The server will not have us. */
  onEnd(error: TapriError): void
  /** Opens a socket, one way or the other. */
  onTry(socket: LineSocket): void
  /** Lets go of a socket from here. */
  onLeave(socket: LineSocket): void
}

/** One WebSocket that comes back by itself. */
export class Line {
  readonly #settings: Settings
  readonly #listener: LineListener
  readonly #backoff = new Backoff()
  #isWanted = false
  #socket: LineSocket | undefined
  /** Tries in a row that did not open. */
  #blocked = 0
  /** A WebSocket has opened before: whatever keeps the next one from it is no reason to do without. */
  #passes = false
  #openedAt: number | undefined
  #refusal: TapriError | undefined
  #cancelWait = () => {}
  #cancelSilence = () => {}

  constructor(settings: Settings, listener: LineListener) {
    this.#settings = settings
    this.#listener = listener
  }

  get isOpen(): boolean {
    return this.#openedAt !== undefined
  }

  /** Connects, unless it is or does already. */
  open(): void {
    this.#isWanted = true
    if (this.#socket !== undefined) return
    this.#cancelWait()
    const socket = this.#connect()
    this.#socket = socket
    this.#listener.onTry(socket)
    socket.addEventListener('open', () => this.#onOpen(socket))
    socket.addEventListener('message', ({ data }) => this.#onMessage(socket, data))
    socket.addEventListener('close', ({ code }) => this.#onClose(socket, code))
    // `close` follows and says the same
    socket.addEventListener('error', () => {})
    this.#listen(socket, opening)
  }

  #connect(): LineSocket {
    const { base, WebSocket, live } = this.#settings
    const passes = live === 'websocket' || (live === 'auto' && (this.#passes || this.#blocked < blockedAfter))
    if (WebSocket === undefined || !passes) return new EventLine(this.#settings)
    return new WebSocket(`${base.replace(/^http/, 'ws')}/live`, liveProtocol)
  }

  send(frame: ClientFrame | ChannelClientFrame): void {
    this.#socket?.send(encodeWire(frame))
  }

  close(): void {
    this.#isWanted = false
    this.#cancelWait()
    this.#hangUp()
  }

  /** Connects afresh, so that the server looks again at who calls. */
  renew(): void {
    if (this.#socket === undefined) return
    this.#hangUp()
    this.#listener.onLost()
    if (this.#isWanted) this.open()
  }

  #onOpen(socket: LineSocket): void {
    if (socket !== this.#socket) return
    if (!(socket instanceof EventLine)) this.#passes = true
    this.#listen(socket, silence)
    const { token } = this.#settings
    if (typeof token === 'function') this.#withToken(socket, (given) => this.#greet(given))
    else this.#greet(token)
  }

  #greet(token: string | undefined): void {
    this.#openedAt = this.#settings.clock.now()
    this.#refusal = undefined
    this.send({ type: 'hello', ...(token !== undefined && { token }) })
    this.#listener.onOpen()
  }

  /** Asks for the token of now; without one the line is as lost, and tried again later. */
  async #withToken(socket: LineSocket, use: (token: string | undefined) => void): Promise<void> {
    const { token } = this.#settings
    try {
      const given = typeof token === 'function' ? await token() : token
      if (socket === this.#socket) use(given)
    } catch {
      if (socket === this.#socket) socket.close()
    }
  }

  /** The session of the line ends soon, unless another token is shown. */
  #renewToken(socket: LineSocket): void {
    this.#withToken(socket, (token) => token !== undefined && this.send({ type: 'auth', token }))
  }

  #onMessage(socket: LineSocket, data: unknown): void {
    if (socket !== this.#socket) return
    this.#listen(socket, silence)
    const frame = readFrame(data)
    if (frame === undefined) return
    if (frame.type === 'ping') this.send({ type: 'pong' })
    if (frame.type === 'error' && frame.id === undefined) {
      this.#refusal = readProblem(frame.problem)
      const isEnding = this.#refusal?.code === 'TAPRI_AUTH_SESSION' && typeof this.#settings.token === 'function'
      if (isEnding) this.#renewToken(socket)
    } else this.#listener.onFrame(frame)
  }

  #onClose(socket: LineSocket, code: number): void {
    if (socket !== this.#socket) return
    // whatever stands in between lets no WebSocket pass, or no one is there: the other way is tried, and this one again
    if (this.#openedAt === undefined) this.#blocked = (this.#blocked + 1) % (2 * blockedAfter)
    const lived = this.#openedAt === undefined ? undefined : this.#settings.clock.now() - this.#openedAt
    this.#forget()
    if (isFinalClose(code)) {
      this.#listener.onEnd(
        this.#refusal ?? clientError('TAPRI_CLIENT_LIVE', `Cannot be live: the server closed the socket with ${code}`),
      )
      return
    }
    this.#listener.onLost()
    if (!this.#isWanted) return
    const wait = this.#backoff.next(lived)
    if (wait === 0) this.open()
    else this.#openAfter(wait)
  }

  #openAfter(wait: number): void {
    const open = () => this.open()
    const cancel = this.#settings.clock.after(wait, open)
    // no waiting out a backoff when the network is back
    if (typeof addEventListener === 'function') addEventListener('online', open)
    this.#cancelWait = () => {
      cancel()
      globalThis.removeEventListener?.('online', open)
    }
  }

  /** Takes a socket that says nothing for so long for dead. */
  #listen(socket: LineSocket, patience: number): void {
    this.#cancelSilence()
    this.#cancelSilence = this.#settings.clock.after(patience, () => {
      socket.close()
      // it may tell of its end much later, or never
      this.#onClose(socket, 1006)
    })
  }

  #hangUp(): void {
    const socket = this.#forget()
    if (socket === undefined) return
    this.#listener.onLeave(socket)
    socket.close()
  }

  /** Lets go of the socket: what it may still say is not heard. */
  #forget(): LineSocket | undefined {
    const socket = this.#socket
    this.#socket = undefined
    this.#openedAt = undefined
    this.#cancelSilence()
    return socket
  }
}

/** What the server refuses with. */
export function errorOf(problem: unknown): TapriError {
  return readProblem(problem) ?? clientError('TAPRI_CLIENT_ANSWER', 'Cannot understand why the server refused')
}

// The server keeps to the shapes of the protocol whose name it has agreed to, so only whether there is a type is looked at:
// whoever takes frames passes over those of a newer server.
function readFrame(data: unknown): ServerFrame | ChannelServerFrame | undefined {
  if (typeof data !== 'string') return undefined
  try {
    const frame = decodeWire(data)
    return typeof frame === 'object' && frame !== null && 'type' in frame
      ? (frame as ServerFrame | ChannelServerFrame)
      : undefined
  } catch {
    // not JSON: nothing of ours
    return undefined
  }
}
