import { createHash } from 'node:crypto'
import { diff } from '../kit/patch.ts'
import { decodeWire, encodeWire } from '../kit/wire.ts'

/** The fields that follow a frame's type and id, encoded once for all who are sent them. */
export type AnswerChange = string

/** What subscribers hold of one query: the last value sent, and the token of when it came to be. */
export class Answer {
  #text: string
  #value: unknown
  #at: string
  #etag: string

  constructor(text: string, at: string) {
    this.#text = text
    // as it arrives: what JSON leaves out or changes is no difference later
    this.#value = decodeWire(text)
    this.#at = at
    this.#etag = etagOf(text)
  }

  get etag(): string {
    return this.#etag
  }

  /** Of a `snapshot`. */
  get snapshot(): string {
    return `"at":${encodeWire(this.#at)},"etag":"${this.#etag}","value":${this.#text}`
  }

  /** Of a `current`. */
  get current(): string {
    return `"at":${encodeWire(this.#at)}`
  }

  /** Takes the new value; answers the fields of the `patch` that leads to it, undefined when nothing differs. */
  become(text: string, at: string): AnswerChange | undefined {
    if (text === this.#text) return undefined
    const value = decodeWire(text)
    const patch = diff(this.#value, value)
    if (patch === undefined) return undefined
    const from = this.#at
    this.#text = text
    this.#value = value
    this.#at = at
    this.#etag = etagOf(text)
    const ops = encodeWire(patch)
    const whole = `{"set":${text}}`
    return `"from":${encodeWire(from)},"to":${encodeWire(at)},"etag":"${this.#etag}","ops":${ops.length < whole.length ? ops : whole}`
  }
}

function etagOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}
