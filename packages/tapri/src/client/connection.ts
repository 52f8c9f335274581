import type { Clock } from '../kit/clock.ts'
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

/** What is known of the line of one client. */
export class KnownConnection implements Connection {
  readonly #clock: Clock
  readonly #listeners = new Set<() => void>()
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

  become(state: ConnectionState): void {
    if (state === this.#state) return
    this.#state = state
    this.#since = this.#clock.now()
    for (const listener of [...this.#listeners]) notify(listener)
  }
}
