import { readToken, type SubscriptionId, type Token } from '../kit/protocol.ts'
import { encodeWire } from '../kit/wire.ts'
import type { Answer } from './answer.ts'

/** Longer values go in pieces of so many characters, each when the ones before are out. */
const longestPiece = 65_536

/** A whole answer on its way, as it was when that began. */
export class Sending {
  readonly etag: string
  readonly topic: number
  readonly #at: Token
  readonly #text: string
  readonly #taken: number
  #pieces = 0

  constructor({ at, etag, taken, text, topic }: Answer) {
    this.#at = at
    this.etag = etag
    this.#taken = taken
    this.#text = text
    this.topic = topic
  }

  /** Whether it goes in pieces. */
  get isLong(): boolean {
    return this.#text.length > longestPiece
  }

  /** Whether one or no piece is left to be sent. */
  get isNearlyOut(): boolean {
    return this.#text.length - this.#pieces * longestPiece <= longestPiece
  }

  /** The position in the log of changes at which it was the answer. */
  get position(): number {
    const [, position] = readToken(this.#at)
    return position
  }

  /** Whether nothing of it has been taken away from the answer since. */
  isOpen(answer: Answer | undefined): boolean {
    return answer?.taken === this.#taken
  }

  nextPiece(id: SubscriptionId): string {
    const text = this.#text.slice(this.#pieces * longestPiece, (this.#pieces + 1) * longestPiece)
    return encodeWire({ type: 'piece', id, n: this.#pieces++, text })
  }

  /** Follows the pieces, if there are any. */
  snapshot(id: SubscriptionId): string {
    const value = this.isLong ? `"pieces":${this.#pieces}` : `"value":${this.#text}`
    return `{"type":"snapshot","id":${id},"topic":${this.topic},"at":"${this.#at}","etag":"${this.etag}",${value}}`
  }
}
