import type { ServerEvent } from '../http/index.ts'
import { closeCodes, maxClientFrame } from '../kit/protocol.ts'
import type { Outgoing } from './outgoing.ts'
import type { LiveSocket, SocketListener } from './sockets.ts'

/** A line over server-sent events: what it sends are events, what it hears comes in requests of its own. */
export class EventLine implements LiveSocket, AsyncIterable<ServerEvent> {
  readonly id: string
  readonly #listener: SocketListener
  #waiting: string[] = []
  #unsent = 0
  #isEnded = false
  #wake = () => {}

  constructor(id: string, listen: (line: LiveSocket) => SocketListener) {
    this.id = id
    this.#listener = listen(this)
  }

  get unsent(): number {
    return this.#unsent
  }

  send({ text }: Outgoing): void {
    if (!this.#isEnded) this.#push(text)
  }

  /** Takes frames of the client, one on each line. */
  take(text: string): void {
    for (const frame of text.split('\n')) {
      if (frame === '' || this.#isEnded) continue
      if (Buffer.byteLength(frame) <= maxClientFrame) this.#listener.onText(frame)
      else this.close(closeCodes.tooLarge, `A frame is at most ${maxClientFrame} bytes long`)
    }
  }

  close(code: number, reason: string): void {
    if (this.#isEnded) return
    this.#push(JSON.stringify({ type: 'close', code, reason }))
    this.terminate()
  }

  /** Whether or not anybody reads to the end. */
  terminate(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#wake()
    this.#listener.onClose()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ServerEvent> {
    try {
      yield { data: JSON.stringify({ type: 'line', id: this.id }) }
      for (;;) {
        const next = this.#waiting.shift()
        if (next !== undefined) {
          this.#unsent -= next.length
          yield { data: next }
        } else if (this.#isEnded) return
        else {
          this.#listener.onWritten()
          await this.#arrival()
        }
      }
    } finally {
      this.terminate()
    }
  }

  /** Calls when the caller has left while nothing was said. */
  leaveOn(signal: AbortSignal): void {
    const leave = () => this.terminate()
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
  }

  async #arrival(): Promise<void> {
    if (this.#waiting.length > 0 || this.#isEnded) return
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }

  #push(text: string): void {
    this.#waiting.push(text)
    this.#unsent += text.length
    this.#wake()
  }
}
