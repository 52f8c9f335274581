import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingMessage } from 'node:http'
import type { Commit, ReadSet } from '../data/index.ts'
import type { Problem } from '../kit/protocol.ts'
import type { Answer } from './answer.ts'
import { canonical } from './canonical.ts'
import { LiveQuery } from './query.ts'
import { touches } from './touches.ts'
import type { LiveCaller, LiveOptions } from './types.ts'
import type { Work } from './work.ts'

/** More commits than this during one run are taken for ones that change it. */
const muchAtOnce = 1_000

/** A socket as queries see it. */
export interface Source<C extends LiveCaller> {
  readonly number: number
  readonly upgrade: IncomingMessage
  readonly caller: C | null
  /** Whether `caller` is who calls after every commit so far. */
  readonly isFresh: boolean
  /** Whether the other side reads as fast as it is written to. */
  readonly hasRoom: boolean
  /** Makes it fresh, or ends every subscription of this socket. */
  refresh(): Promise<void>
}

/** A subscription as queries see it. */
export interface Subscriber<C extends LiveCaller> {
  readonly source: Source<C>
  readonly route: string
  readonly input: Readonly<Record<string, unknown>>
  /** Whether its first answer is still to be sent. */
  readonly isWaiting: boolean
  /** Sends the first answer. */
  greet(answer: Answer): void
  send(type: 'patch', fields: string): void
  end(problem: Problem): void
  /** Lets it wait for a first answer again, from another query. */
  move(): void
}

/** Every query that somebody subscribes to, by what makes them the same. */
export class Hub<C extends LiveCaller> {
  readonly options: LiveOptions<C>
  readonly #work: Work
  /** Whatever asks for work, it is not done as a part of that: not inside of its transaction. */
  readonly #outside = AsyncLocalStorage.snapshot()
  readonly #queries = new Map<string, LiveQuery<C>>()
  /** Routes whose answers depend on more of the request than the caller. */
  readonly #personal = new Set<string>()

  constructor(options: LiveOptions<C>, work: Work) {
    this.options = options
    this.#work = work
  }

  /** Begins work that `settled` waits for. */
  begin(work: () => Promise<void>): void {
    this.#work.track(() => this.#outside(work))
  }

  tokenOf(position: number): string {
    return `${this.options.database.changes.epoch}.${position}`
  }

  /** The commits after the position that can be seen already, though they are not announced yet. */
  async knownSince(position: number): Promise<ReadonlySet<number>> {
    const commits = await this.#since(position)
    return new Set(commits?.map((commit) => commit.position))
  }

  /** Whether a commit after the position, and not yet known, changes what was read. */
  async hasTorn(reads: ReadSet, position: number, known: ReadonlySet<number>): Promise<boolean> {
    const commits = await this.#since(position)
    if (commits === undefined || commits.length >= muchAtOnce) return true
    return commits.some((commit) => !known.has(commit.position) && touches(commit, reads))
  }

  /** Undefined when the log no longer reaches back that far: reading anew is always right. */
  async #since(position: number): Promise<readonly Commit[] | undefined> {
    try {
      return await this.options.database.changes.since(position, muchAtOnce)
    } catch {
      return undefined
    }
  }

  /** Subscribes to the query that answers this caller. */
  join(subscriber: Subscriber<C>): LiveQuery<C> {
    const key = this.#keyOf(subscriber)
    const query = this.#queries.get(key) ?? new LiveQuery(this, key, subscriber)
    this.#queries.set(key, query)
    query.add(subscriber)
    return query
  }

  onCommit(commit: Commit): void {
    for (const query of this.#queries.values()) query.onCommit(commit)
  }

  /** The answer turned out to be for one socket alone: everybody else gets a query of their own. */
  unshare(query: LiveQuery<C>, owner: Source<C>): void {
    this.#personal.add(query.route)
    for (const subscriber of [...query.subscribers]) {
      if (subscriber.source !== owner) subscriber.move()
    }
  }

  forget(query: LiveQuery<C>): void {
    if (this.#queries.get(query.key) === query) this.#queries.delete(query.key)
  }

  #keyOf({ source, route, input }: Subscriber<C>): string {
    const owner = this.#personal.has(route) ? source.number : null
    return canonical([route, input, source.caller?.user.id ?? null, owner])
  }
}
