import type { KnownConnection } from './connection.ts'
import type { LineSocket } from './event-line.ts'
import { isFinalClose } from './final-close.ts'

/** Tells a connection what becomes of each socket of its client. */
export class WatchedSockets {
  readonly #connection: KnownConnection
  #socket: LineSocket | undefined

  constructor(connection: KnownConnection) {
    this.#connection = connection
  }

  /** A socket is being opened, whichever way it goes. */
  watch(socket: LineSocket): void {
    const connection = this.#connection
    this.#socket = socket
    // one that was lost stays so until there is another
    if (connection.state !== 'offline') connection.become('connecting')
    socket.addEventListener('open', () => this.#socket === socket && connection.become('online'))
    socket.addEventListener('close', ({ code }) => {
      if (this.#socket !== socket) return
      this.#socket = undefined
      connection.become(isFinalClose(code) ? 'idle' : 'offline')
    })
  }

  /** Closed from here: nobody needs it, unless another follows at once. */
  leave(socket: LineSocket): void {
    if (this.#socket !== socket) return
    this.#socket = undefined
    queueMicrotask(() => this.rest())
  }

  /** Nothing is live any more: what is lost is not sought again. */
  rest(): void {
    if (this.#socket === undefined) this.#connection.become('idle')
  }
}
