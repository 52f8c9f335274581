import type { Clock } from '../kit/clock.ts'
import { isFinalClose } from '../kit/protocol.ts'
import type { LineSocket } from './event-line.ts'
import { notify } from './notify.ts'

/** `idle`: nothing is live; `connecting`: for the first time; `offline`: the line is lost, and is sought again. */
export type ConnectionState = 'idle' | 'connecting' | 'online' | 'offline'

/**
 * The line of a client's live answers.
 * @example connection(api).onChange(({ state }) => (banner.hidden = state !== 'offline'))
 */
export interface Connection {
  readonly state: ConnectionState
  /** Since when. */
  readonly since: Date
  /** Calls after every change; the answer ends that. */
  onChange(listener: (connection: Connection) => void): () => void
}

/** Sees what becomes of each socket of one client. */
export class WatchedConnection implements Connection {
  readonly #clock: Clock
  readonly #listeners = new Set<() => void>()
  #socket: LineSocket | undefined
  #state: ConnectionState = 'idle'
  #since: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#since = clock.now()
  }

  get state(): ConnectionState {
    return this.#state
  }

  get since(): Date {
    return new Date(this.#since)
  }

  onChange(listener: (connection: Connection) => void): () => void {
    const own = () => listener(this)
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  /** A socket is being opened, whichever way it goes. */
  watch(socket: LineSocket): void {
    this.#socket = socket
    // one that was lost stays so until there is another
    if (this.#state !== 'offline') this.#become('connecting')
    socket.addEventListener('open', () => this.#socket === socket && this.#become('online'))
    socket.addEventListener('close', ({ code }) => {
      if (this.#socket !== socket) return
      this.#socket = undefined
      this.#become(isFinalClose(code) ? 'idle' : 'offline')
    })
  }

  /** Closed from here: nobody needs it, unless another follows at once. */
  leave(socket: LineSocket): void {
    if (this.#socket !== socket) return
    this.#socket = undefined
    queueMicrotask(() => this.#socket === undefined && this.#become('idle'))
  }

  /** Nothing is live any more: what is lost is not sought again. */
  rest(): void {
    if (this.#socket === undefined) this.#become('idle')
  }

  #become(state: ConnectionState): void {
    if (state === this.#state) return
    this.#state = state
    this.#since = this.#clock.now()
    for (const listener of [...this.#listeners]) notify(listener)
  }
}
