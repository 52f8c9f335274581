import { Outgoing } from '../outgoing.ts'
import type { Forerunners } from './forerunners.ts'
import { frameText, messageText } from './frames.ts'
import { addressOf, type Passing, passedText, readPassed } from './passing.ts'
import type { ChannelBus } from './seam.ts'
import type { ChannelDefinition } from './types.ts'

interface PassageParts {
  readonly key: string
  readonly topic: number
  readonly node: string
  readonly definition: ChannelDefinition
  readonly bus: ChannelBus
  readonly forerunners: Forerunners
}

/** Whoever hears what is passed on. */
export interface PassageListener {
  /** Something that is not kept. */
  tell(frame: Outgoing, kind: Passing['kind']): void
  /** Messages that are not kept may have been said, and do not come. */
  onMissed(): void
}

/** The way into one channel of what is not kept: from this node and, by the bus, from the others. */
export class Passage {
  readonly #parts: PassageParts
  readonly #listeners: Iterable<PassageListener>
  #end: (() => Promise<void>) | undefined

  constructor(parts: PassageParts, listeners: Iterable<PassageListener>) {
    this.#parts = parts
    this.#listeners = listeners
  }

  /** Resolves when everything that is passed on from now on is heard. */
  async open(): Promise<void> {
    const { definition, bus, key } = this.#parts
    if (definition.history !== undefined && definition.signal === undefined) return
    this.#end = await bus.subscribe(addressOf(key), (text) => this.#onBus(text))
  }

  async close(): Promise<void> {
    await this.#end?.()
  }

  /** Passes it on, here and to the other nodes. */
  async pass(said: Passing, from: PassageListener): Promise<void> {
    const { bus, key, node, forerunners } = this.#parts
    const position = forerunners.newest
    this.#receive(said, position, from)
    await bus.publish(addressOf(key), passedText({ node, position, said }))
  }

  /** The bus may have lost something. */
  onGap(): void {
    if (this.#end !== undefined && this.#parts.definition.history === undefined) this.#miss()
  }

  #onBus(text: string): void {
    const { node, position, said } = readPassed(text)
    // heard here before it went out
    if (node !== this.#parts.node) this.#receive(said, position)
  }

  #receive(said: Passing, position: number, from?: PassageListener): void {
    const frame = this.#frameOf(said)
    this.#parts.forerunners.receive({
      position,
      size: frame.text.length,
      hear: () => this.#tell(frame, said.kind, from),
      drop: () => said.kind === 'message' && this.#miss(),
    })
  }

  #frameOf(said: Passing): Outgoing {
    const { topic } = this.#parts
    if (said.kind === 'message') return new Outgoing(messageText(topic, said))
    return new Outgoing(frameText({ type: 'signal', topic, from: said.sender, signal: said.signal }))
  }

  /** A signal does not come back to who gave it. */
  #tell(frame: Outgoing, kind: Passing['kind'], from: PassageListener | undefined): void {
    for (const listener of [...this.#listeners]) if (kind === 'message' || listener !== from) listener.tell(frame, kind)
  }

  #miss(): void {
    for (const listener of [...this.#listeners]) listener.onMissed()
  }
}
