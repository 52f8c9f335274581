import type { Outgoing } from '../outgoing.ts'
import type { Room } from './room.ts'
import type { KeptMessage, MessageStore } from './store.ts'

/** Where messages go. */
export interface HearingLine {
  /** Whether the one at its end may hear what is written now, and reads as fast. */
  readonly isOpen: boolean
  /** Asks anew whether that one may hear: what was read must not be newer than the answer. False when it may not. */
  confirm(): Promise<boolean>
  write(frame: Outgoing): void
  /** Messages that were not heard are kept no more. */
  tellMissed(): void
}

const readAtOnce = 50

/** The number in a token of this epoch. */
export function numberOf(token: string | undefined, epoch: string): number | undefined {
  if (token === undefined || !token.startsWith(`${epoch}.`)) return undefined
  const number = Number(token.slice(epoch.length + 1))
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined
}

/** How far one member has heard the kept messages of a channel: each once, in order, from the log or else read again. */
export class Hearing {
  readonly #room: Room
  readonly #store: MessageStore
  readonly #line: HearingLine
  #heard = 0
  /** Whether what is left out is missed: not by somebody who comes for the first time. */
  #isContinuing = false
  #isReading = true

  constructor(room: Room, store: MessageStore, line: HearingLine) {
    this.#room = room
    this.#store = store
    this.#line = line
  }

  /** Begins behind the number, or with all that are kept. */
  async start(since: number | undefined): Promise<void> {
    const last = (await this.#store.last(this.#room.parts.key)) ?? 0
    this.#room.heard = Math.max(this.#room.heard, last)
    // numbers that are not reached yet are those of another database
    this.#isContinuing = since !== undefined && since <= last
    this.#heard = since !== undefined && this.#isContinuing ? since : Math.max(0, last - this.#retention.keep)
    this.#isReading = false
    await this.resume()
  }

  deliver(number: number, frame: Outgoing): void {
    if (this.#isReading || number <= this.#heard) return
    if (number !== this.#heard + 1 || !this.#line.isOpen) return
    this.#heard = number
    this.#line.write(frame)
  }

  /** Whether something was heard of that has not been written. */
  get isBehind(): boolean {
    return !this.#isReading && this.#heard < this.#room.heard
  }

  /** Reads what has not been written, until nothing is left or the line is not open. */
  async resume(): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    try {
      while (await this.#readSome());
    } catch (error) {
      this.#isReading = false
      throw error
    }
  }

  /** Answers whether there may be more. When there is nothing it is not reading any more by then: what comes is written. */
  async #readSome(): Promise<boolean> {
    const { heard, parts } = this.#room
    const { milliseconds } = this.#retention
    const messages = await this.#store.after(parts.key, this.#heard, { limit: readAtOnce, milliseconds })
    const mayHear = await this.#line.confirm()
    const isReading = mayHear && this.#writeAll(messages, heard)
    this.#isReading = isReading
    return isReading
  }

  /** Answers whether there may be more; `heard` is of before these were read. */
  #writeAll(messages: readonly KeptMessage[], heard: number): boolean {
    this.#tellMissed(messages[0]?.number ?? heard + 1)
    for (const message of messages) {
      if (!this.#line.isOpen) return false
      this.#write(message)
    }
    if (messages.length === readAtOnce) return true
    this.#heard = Math.max(this.#heard, heard)
    this.#isContinuing = true
    return this.#heard < this.#room.heard
  }

  #write(message: KeptMessage): void {
    this.#heard = message.number
    this.#line.write(this.#room.frameOf(message))
  }

  #tellMissed(next: number): void {
    if (this.#isContinuing && this.#heard > 0 && next > this.#heard + 1) this.#line.tellMissed()
  }

  get #retention() {
    const { history } = this.#room.parts.definition
    return history ?? { keep: 0, milliseconds: 0 }
  }
}
