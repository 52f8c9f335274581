import { hash } from 'node:crypto'
import type { Token } from '../kit/protocol.ts'
import { encodeWire } from '../kit/wire.ts'
import type { Encoded } from './encoded.ts'
import { takesAway } from './takes-away.ts'

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
  etag: string
  at: Token
  /** How many of the changes so far took something away that was in the answer. */
  taken = 0
  #value: Encoded
  #steps: Step[] = []
  #length = 0

  constructor(topic: number, value: Encoded, at: Token) {
    this.topic = topic
    this.at = at
    this.#value = value
    this.etag = etagOf(value.text)
  }

  /** Of the value, as it travels. */
  get text(): string {
    return this.#value.text
  }

  get value(): Encoded {
    return this.#value
  }

  /** Takes the new value; answers the change that leads to it, undefined when nothing differs. */
  become(value: Encoded, at: Token): ChangeText | undefined {
    this.at = at
    const patch = value.patchFrom(this.#value)
    if (patch === undefined) return undefined
    if (takesAway(patch)) this.taken++
    const from = this.etag
    const { text } = value
    this.#value = value
    this.etag = etagOf(text)
    const ops = encodeWire(patch)
    const shorter = ops.length < text.length + setLength ? ops : `{"set":${text}}`
    // joined, it is one text in memory, and not a chain of them for as long as it is kept
    const parts = ['{"topic":', this.topic, ',"from":"', from, '","etag":"', this.etag, '","ops":', shorter, '}']
    const change = { text: parts.join('') }
    this.#keep({ from, change }, text.length)
    return change
  }

  /** The changes that lead from the value with the etag to this one; undefined when they are not known any more. */
  since(etag: string): readonly ChangeText[] | undefined {
    if (etag === this.etag) return []
    const start = this.#steps.findLastIndex(({ from }) => from === etag)
    return start === -1 ? undefined : this.#steps.slice(start).map(({ change }) => change)
  }

  #keep(step: Step, most: number): void {
    this.#steps.push(step)
    this.#length += step.change.text.length
    while (this.#steps.length > keptSteps || this.#length > Math.max(most, alwaysKept)) {
      this.#length -= this.#steps.shift()?.change.text.length ?? 0
    }
  }
}

/** Signs of `{"set":` and `}`. */
const setLength = 8

function etagOf(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22)
}
