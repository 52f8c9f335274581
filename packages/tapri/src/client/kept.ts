import { mediaType } from './answer.ts'
import type { Settings } from './options.ts'

/** Characters of one answer; a larger one is asked for whole each time. */
const largest = 100_000

interface Kept {
  readonly etag: string
  readonly body: string
  readonly headers: Headers
}

const answersOf = new WeakMap<Settings, KeptAnswers>()

/** What the client of these settings keeps. */
export function keptOf(settings: Settings): KeptAnswers {
  const kept = answersOf.get(settings) ?? new KeptAnswers(settings.keep ?? 0)
  answersOf.set(settings, kept)
  return kept
}

/** Answers of GETs that the server was told to name by an entity tag: it says 304 in place of sending one again. */
class KeptAnswers {
  readonly #most: number
  readonly #kept = new Map<string, Kept>()

  /** Keeps the `most` answers that were asked for last. */
  constructor(most: number) {
    this.#most = most
  }

  /** Asks for an answer that may be here already, and answers it whole either way. */
  async ask(url: string, exchange: (headers: Readonly<Record<string, string>>) => Promise<Response>): Promise<Response> {
    const kept = this.#kept.get(url)
    const answer = await exchange(kept === undefined ? {} : { 'if-none-match': kept.etag })
    if (answer.status !== 304 || kept === undefined) return this.#keep(url, answer)
    this.#put(url, kept)
    return new Response(kept.body, { headers: kept.headers })
  }

  async #keep(url: string, answer: Response): Promise<Response> {
    const { headers, status } = answer
    const etag = headers.get('etag')
    const isWritten = /json$|^text\/(?!event-stream)/.test(mediaType(answer))
    if (status !== 200 || etag === null || !isWritten || /\bno-store\b/.test(headers.get('cache-control') ?? '')) return answer
    const body = await answer.text()
    if (body.length <= largest) this.#put(url, { etag, body, headers })
    return new Response(body, { headers })
  }

  #put(url: string, kept: Kept): void {
    this.#kept.delete(url)
    this.#kept.set(url, kept)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > this.#most && oldest !== undefined) this.#kept.delete(oldest)
  }
}
