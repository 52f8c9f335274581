import type { Clock } from '../../kit/clock.ts'
import type { Message } from './pieces.ts'

interface Batch {
  readonly messages: Message[]
  size: number
  readonly sent: PromiseWithResolvers<void>
}

/** Milliseconds between two NOTIFY of one process: each takes a lock of the whole server when it commits. */
const pause = 4
/** Characters in one batch. */
const largestBatch = 512 * 1024

/** Sends the first message at once, and those that come soon after it together. */
export class Gatherer {
  readonly #clock: Clock
  readonly #send: (messages: readonly Message[]) => Promise<void>
  readonly #waiting: Batch[] = []
  #isResting = false
  #cancelTimer = () => {}
  #isClosed = false

  constructor(clock: Clock, send: (messages: readonly Message[]) => Promise<void>) {
    this.#clock = clock
    this.#send = send
  }

  /** Resolves when the message is sent. */
  add(topic: string, text: string): Promise<void> {
    if (this.#isClosed) return Promise.reject(new Error('the connection is closed'))
    const batch = this.#batchFor(text.length)
    batch.messages.push([topic, text])
    batch.size += text.length
    if (!this.#isResting) void this.#work()
    return batch.sent.promise
  }

  /** What was not sent is refused. */
  close(): void {
    this.#isClosed = true
    this.#cancelTimer()
    for (const { sent } of this.#waiting.splice(0)) sent.reject(new Error('the connection is closed'))
  }

  #batchFor(size: number): Batch {
    const last = this.#waiting.at(-1)
    if (last !== undefined && last.size + size <= largestBatch) return last
    const batch: Batch = { messages: [], size: 0, sent: Promise.withResolvers() }
    this.#waiting.push(batch)
    return batch
  }

  async #work(): Promise<void> {
    this.#isResting = true
    // what is published in the same turn goes along
    await null
    const batch = this.#waiting.shift()
    if (batch !== undefined) await this.#send(batch.messages).then(batch.sent.resolve, batch.sent.reject)
    if (this.#isClosed) return
    this.#cancelTimer = this.#clock.after(pause, () => {
      this.#isResting = false
      if (this.#waiting.length > 0) void this.#work()
    })
  }
}
