import { createHash } from 'node:crypto'
import { apply, diff } from '../kit/patch.ts'
import type { Token } from '../kit/protocol.ts'
import { decodeWire, encodeWire } from '../kit/wire.ts'

/** A `TopicChange` as text, encoded once for all who are sent it; two with the same text are two changes. */
export interface ChangeText {
  readonly text: string
}

interface Step {
  /** The etag of the value that it changes. */
  readonly from: string
  readonly change: ChangeText
}

/** So many steps are kept for clients who come back, and together no longer than the value, which would be sent as soon. */
const keptSteps = 100
const alwaysKept = 1024

/** What subscribers hold of one query: the last value sent, and the steps that led to it. */
export class Answer {
  readonly topic: number
  /** Of the value, as it travels. */
  text: string
  etag: string
  at: Token
  #value: unknown
  readonly #steps: Step[] = []
  #length = 0

  constructor(topic: number, text: string, at: Token) {
    this.topic = topic
    this.text = text
    // as it arrives: what JSON leaves out or changes is no difference later
    this.#value = decodeWire(text)
    this.at = at
    this.etag = etagOf(text)
  }

  /** Takes the new value; answers the change that leads to it, undefined when nothing differs. */
  become(text: string, at: Token): ChangeText | undefined {
    this.at = at
    if (text === this.text) return undefined
    const patch = diff(this.#value, decodeWire(text))
    if (patch === undefined) return undefined
    const from = this.etag
    this.text = text
    // what has not changed is the same object as before: less to clear away
    this.#value = apply(this.#value, patch)
    this.etag = etagOf(text)
    const ops = encodeWire(patch)
    const whole = `{"set":${text}}`
    const shorter = ops.length < whole.length ? ops : whole
    const change = { text: `{"topic":${this.topic},"from":"${from}","etag":"${this.etag}","ops":${shorter}}` }
    this.#keep({ from, change })
    return change
  }

  /** The changes that lead from the value with the etag to this one; undefined when they are not known any more. */
  since(etag: string): readonly ChangeText[] | undefined {
    if (etag === this.etag) return []
    const start = this.#steps.findLastIndex(({ from }) => from === etag)
    return start === -1 ? undefined : this.#steps.slice(start).map(({ change }) => change)
  }

  #keep(step: Step): void {
    this.#steps.push(step)
    this.#length += step.change.text.length
    while (this.#steps.length > keptSteps || this.#length > Math.max(this.text.length, alwaysKept)) {
      this.#length -= this.#steps.shift()?.change.text.length ?? 0
    }
  }
}

function etagOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}
