import { chunksOf, linesIn } from './chunks.ts'
import type { Settings } from './options.ts'

/** What a line needs of a WebSocket. */
export interface LineSocket {
  addEventListener(type: 'open', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  addEventListener(type: 'close', listener: (event: { readonly code: number }) => void): void
  addEventListener(type: 'error', listener: () => void): void
  send(text: string): void
  close(): void
}

interface Listeners {
  readonly open: (() => void)[]
  readonly message: ((event: { readonly data: unknown }) => void)[]
  readonly close: ((event: { readonly code: number }) => void)[]
  readonly error: (() => void)[]
}

const lost = 1006
/** Frames of at most 64 kB each: together less than a server reads at once. */
const mostTogether = 10
/** Refusals that would be the same again: a bad request, another site, no such route. */
const final = 4501
/** Refusals that a slow line, or too many at once, are given. */
const passing: ReadonlySet<number> = new Set([408, 425, 429])

/**
 * The frames of `tapri.v1` where no WebSocket passes: server-sent events one way, requests the other. It looks like a
 * WebSocket to who uses it.
 */
export class EventLine implements LineSocket {
  readonly #settings: Settings
  readonly #abort = new AbortController()
  readonly #listeners: Listeners = { open: [], message: [], close: [], error: [] }
  #id: string | undefined
  #waiting: string[] = []
  #isSending = false
  #isClosed = false

  constructor(settings: Settings) {
    this.#settings = settings
    // never called back from inside the call
    queueMicrotask(() => this.#listen().then(undefined, () => this.#end(lost)))
  }

  addEventListener<Type extends keyof Listeners>(type: Type, listener: Listeners[Type][number]): void {
    const listeners: Listeners[Type][number][] = this.#listeners[type]
    listeners.push(listener)
  }

  send(text: string): void {
    this.#waiting.push(text)
    if (!this.#isSending) void this.#sendAll()
  }

  close(): void {
    this.#end(1000)
  }

  async #listen(): Promise<void> {
    const { base, credentials, fetch } = this.#settings
    const answer = await fetch(`${base}/live/events`, {
      credentials,
      headers: { accept: 'text/event-stream' },
      signal: this.#abort.signal,
    })
    if (!answer.ok || answer.body === null) {
      this.#end(answer.status >= 400 && answer.status < 500 && !passing.has(answer.status) ? final : lost)
      return
    }
    for await (const line of linesIn(chunksOf(answer.body))) {
      if (line.startsWith('data:')) this.#hear(line.slice(5).trimStart())
      // a comment tells that the line is well
      else if (line.startsWith(':')) this.#tell('{"type":"comment"}')
    }
    this.#end(lost)
  }

  #hear(text: string): void {
    if (this.#id !== undefined && !text.startsWith('{"type":"close"')) {
      this.#tell(text)
      return
    }
    const frame: { readonly type?: unknown; readonly id?: unknown; readonly code?: unknown } = JSON.parse(text)
    if (frame.type === 'close') this.#end(typeof frame.code === 'number' ? frame.code : lost)
    else if (frame.type === 'line' && typeof frame.id === 'string') {
      this.#id = frame.id
      for (const listener of this.#listeners.open) listener()
    }
  }

  /** In their order: the next request goes when the one before is answered. */
  async #sendAll(): Promise<void> {
    this.#isSending = true
    const { base, credentials, fetch } = this.#settings
    // all that is said in one turn goes together
    await Promise.resolve()
    while (this.#waiting.length > 0 && !this.#isClosed && this.#id !== undefined) {
      const answer = await fetch(`${base}/live/frames?line=${this.#id}`, {
        method: 'POST',
        body: this.#waiting.splice(0, mostTogether).join('\n'),
        credentials,
        headers: { 'content-type': 'text/plain' },
        signal: this.#abort.signal,
      }).catch(() => undefined)
      if (answer?.ok !== true) this.#end(lost)
    }
    this.#isSending = false
  }

  #end(code: number): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#abort.abort()
    for (const listener of this.#listeners.close) listener({ code })
  }

  #tell(data: string): void {
    for (const listener of this.#listeners.message) listener({ data })
  }
}
