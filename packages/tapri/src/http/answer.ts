import type { Exchange } from './exchange.ts'

/**
 * An answer that is more than a plain value: a page, a redirect, a stream. Handlers return it.
 * @example return reply.redirect('/videos')
 */
export class Answer<out Value = unknown> {
  /** What the typed client makes of it; known to the compiler alone. */
  declare readonly '~value': Value
  /** Writes the answer. What it throws before the first byte becomes a problem document. */
  readonly send: (exchange: Exchange) => void | Promise<void>

  constructor(send: (exchange: Exchange) => void | Promise<void>) {
    this.send = send
  }
}
