import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../kit/clock.ts'
import { TapriError } from '../kit/errors.ts'
import { reasonOf } from '../kit/reason.ts'
import type { Notices } from '../redis/index.ts'
import { busError } from './errors.ts'
import { LineKeeper } from './keeper.ts'
import { checkTopic, sizeOfText } from './limits.ts'
import type { Line, LineMaker } from './line.ts'
import { Topics } from './topics.ts'
import type { Bus, BusHealth, Hear } from './types.ts'

export interface LinedOptions {
  readonly clock: Clock
  readonly notices?: Notices | undefined
}

/** Bytes that are published and not handed over yet. */
const mostUnsent = 16 * 1024 ** 2

/** A bus over whatever line there is. */
export class LinedBus implements Bus {
  readonly kind: string
  readonly #shown: string
  readonly #keeper: LineKeeper
  readonly #topics: Topics
  readonly #gapListeners = new Set<() => void>()
  readonly #notices: Notices | undefined
  /** Whoever publishes, nobody hears it as a part of that: not inside of its transaction. */
  readonly #outside = AsyncLocalStorage.snapshot()
  /** What the line listens to, or begins to. */
  #listening = new Map<string, Promise<void>>()
  #unsent = 0

  constructor(maker: LineMaker, { clock, notices }: LinedOptions) {
    this.kind = maker.kind
    this.#shown = maker.shown
    this.#notices = notices
    this.#topics = new Topics((topic, error) => this.#failed(error, { topic }))
    this.#keeper = new LineKeeper(
      maker,
      {
        hear: (topic, text) => this.#outside(() => this.#topics.tell(topic, text)),
        begin: () => this.#begin(),
        found: () => this.#outside(() => this.#tellGap()),
      },
      { clock, notices },
    )
  }

  /** Ends after the first attempt; when the others cannot be reached, it goes on trying by itself. */
  connect(): Promise<void> {
    return this.#keeper.connect()
  }

  async publish(topic: string, text: string): Promise<void> {
    checkTopic(topic)
    const size = sizeOfText(topic, text)
    const line = this.#line()
    if (line === undefined) throw this.#lost(this.#keeper.why)
    if (this.#unsent + size > mostUnsent) {
      throw busError('TAPRI_BUS_FULL', `Cannot publish to "${topic}": too much waits to be handed over, try again later`)
    }
    this.#unsent += size
    try {
      await line.publish(topic, text)
    } catch (cause) {
      throw cause instanceof TapriError && cause.code === 'TAPRI_BUS_REFUSED' ? cause : this.#lost(reasonOf(cause), cause)
    } finally {
      this.#unsent -= size
    }
  }

  async subscribe(topic: string, hear: Hear): Promise<() => Promise<void>> {
    checkTopic(topic)
    this.#line()
    const end = this.#topics.add(topic, hear)
    try {
      await this.#listen(topic)
    } catch (error) {
      end()
      throw error
    }
    return async () => {
      end()
      if (this.#topics.has(topic) || !this.#listening.delete(topic)) return
      // on a line that is lost nothing is heard any more
      await this.#keeper.line?.unlisten(topic).catch(() => {})
    }
  }

  onGap(listener: () => void): () => void {
    const own = () => listener()
    this.#gapListeners.add(own)
    return () => this.#gapListeners.delete(own)
  }

  async health(): Promise<BusHealth> {
    const { line, why } = this.#keeper
    if (line === undefined) return { isUp: false, reason: why }
    try {
      await this.#keeper.ping(line)
      return { isUp: true }
    } catch (error) {
      return { isUp: false, reason: reasonOf(error) }
    }
  }

  async close(): Promise<void> {
    this.#topics.clear()
    this.#gapListeners.clear()
    await this.#keeper.close()
  }

  /** @throws TAPRI_BUS_CLOSED */
  #line(): Line | undefined {
    if (!this.#keeper.isClosed) return this.#keeper.line
    throw busError('TAPRI_BUS_CLOSED', `Cannot use the bus "${this.#shown}": it has been closed`)
  }

  async #begin(): Promise<void> {
    this.#listening = new Map()
    await Promise.all(this.#topics.names().map((topic) => this.#listen(topic)))
  }

  /** Resolves also when the line is lost meanwhile: whoever listens is told of the gap. */
  async #listen(topic: string): Promise<void> {
    const { line } = this.#keeper
    if (line === undefined) return
    const listening = this.#listening.get(topic) ?? line.listen(topic)
    this.#listening.set(topic, listening)
    try {
      await listening
    } catch (cause) {
      if (this.#keeper.line !== line) return
      this.#listening.delete(topic)
      throw cause
    }
  }

  #tellGap(): void {
    for (const listener of [...this.#gapListeners]) {
      try {
        listener()
      } catch (error) {
        this.#failed(error)
      }
    }
  }

  #failed(error: unknown, facts: object = {}): void {
    this.#notices?.event('bus.hearer.failed', { ...facts, why: reasonOf(error) }, 'warn')
  }

  #lost(why: string, cause?: unknown): TapriError {
    return busError('TAPRI_BUS_LOST', `Cannot reach the bus "${this.#shown}": ${why}`, { cause })
  }
}
