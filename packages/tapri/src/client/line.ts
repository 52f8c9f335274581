import type { TapriError } from '../kit/errors.ts'
import { type ClientFrame, isFinalClose, liveProtocol, readProblem, type ServerFrame } from '../kit/protocol.ts'
import { decodeWire, encodeWire } from '../kit/wire.ts'
import { Backoff } from './backoff.ts'
import { clientError } from './errors.ts'
import type { Settings } from './options.ts'

/** The server asks every 25 seconds; after this much silence the line is taken for dead. */
const silence = 60_000

export interface LineListener {
  /** Connected, also again: nothing that was said before counts. */
  onOpen(): void
  onFrame(frame: ServerFrame): void
  /** The connection is lost; another one follows unless the line is closed here. */
  onLost(): void
  /** The server will not have us. */
  onEnd(error: TapriError): void
}

/** One WebSocket that comes back by itself. */
export class Line {
  readonly #settings: Settings
  readonly #listener: LineListener
  readonly #backoff = new Backoff()
  #isWanted = false
  #socket: WebSocket | undefined
  #openedAt: number | undefined
  #refusal: TapriError | undefined
  #cancelWait: (() => void) | undefined
  #cancelSilence = () => {}

  constructor(settings: Settings, listener: LineListener) {
    this.#settings = settings
    this.#listener = listener
    // no waiting out a backoff when the network is back
    if (typeof addEventListener === 'function') addEventListener('online', () => this.#cancelWait !== undefined && this.open())
  }

  get isOpen(): boolean {
    return this.#openedAt !== undefined
  }

  /** Connects, unless it is or does already. */
  open(): void {
    this.#isWanted = true
    if (this.#socket !== undefined) return
    this.#stopWaiting()
    const { base, WebSocket } = this.#settings
    if (WebSocket === undefined) {
      this.#listener.onEnd(clientError('TAPRI_CLIENT_LIVE', 'Cannot be live: there is no WebSocket here, give one as an option'))
      return
    }
    const socket = new WebSocket(`${base.replace(/^http/, 'ws')}/live`, liveProtocol)
    this.#socket = socket
    socket.addEventListener('open', () => this.#onOpen(socket))
    socket.addEventListener('message', ({ data }) => this.#onMessage(socket, data))
    socket.addEventListener('close', ({ code }) => this.#onClose(socket, code))
    // `close` follows and says the same
    socket.addEventListener('error', () => {})
  }

  send(frame: ClientFrame): void {
    this.#socket?.send(encodeWire(frame))
  }

  close(): void {
    this.#isWanted = false
    this.#stopWaiting()
    this.#forget()?.close()
  }

  /** Connects afresh, so that the server looks again at who calls. */
  renew(): void {
    if (this.#socket === undefined) return
    this.#forget()?.close()
    this.#listener.onLost()
    if (this.#isWanted) this.open()
  }

  #onOpen(socket: WebSocket): void {
    if (socket !== this.#socket) return
    this.#openedAt = this.#settings.clock.now()
    this.#refusal = undefined
    this.#hear()
    this.send({ type: 'hello', ...(this.#settings.token !== undefined && { token: this.#settings.token }) })
    this.#listener.onOpen()
  }

  #onMessage(socket: WebSocket, data: unknown): void {
    if (socket !== this.#socket) return
    this.#hear()
    const frame = readFrame(data)
    if (frame === undefined) return
    if (frame.type === 'ping') this.send({ type: 'pong' })
    else if (frame.type === 'error' && frame.id === undefined) this.#refusal = readProblem(frame.problem)
    else this.#listener.onFrame(frame)
  }

  #onClose(socket: WebSocket, code: number): void {
    if (socket !== this.#socket) return
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
    else this.#cancelWait = this.#settings.clock.after(wait, () => this.open())
  }

  #hear(): void {
    this.#cancelSilence()
    this.#cancelSilence = this.#settings.clock.after(silence, () => this.renew())
  }

  /** Lets go of the socket: what it may still say is not heard. */
  #forget(): WebSocket | undefined {
    const socket = this.#socket
    this.#socket = undefined
    this.#openedAt = undefined
    this.#cancelSilence()
    return socket
  }

  #stopWaiting(): void {
    this.#cancelWait?.()
    this.#cancelWait = undefined
  }
}

const types: ReadonlySet<unknown> = new Set(['snapshot', 'patch', 'current', 'error', 'ping', 'pong'])

// The server keeps to the shapes of the protocol whose name it has agreed to; only the type is looked at, and one that a
// newer server may have is passed over.
function readFrame(data: unknown): ServerFrame | undefined {
  if (typeof data !== 'string') return undefined
  try {
    const frame = decodeWire(data)
    return typeof frame === 'object' && frame !== null && 'type' in frame && types.has(frame.type)
      ? (frame as ServerFrame)
      : undefined
  } catch {
    // not JSON: nothing of ours
    return undefined
  }
}
