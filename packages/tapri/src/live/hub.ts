import { AsyncLocalStorage } from 'node:async_hooks'
import { type Commit, Interests, type ReadSet, type Unindexed } from '../data/index.ts'
import { type Problem, readToken, type Token } from '../kit/protocol.ts'
import type { Answer, ChangeText } from './answer.ts'
import type { CallerSocket } from './caller-socket.ts'
import { canonical } from './canonical.ts'
import { Deadlines } from './deadlines.ts'
import { KeptReads } from './kept/kept-reads.ts'
import { Outgoing } from './outgoing.ts'
import { longestHold, type PendingChanges } from './pending-changes.ts'
import { LiveQuery } from './query.ts'
import { Turns } from './turns.ts'
import type { LiveCaller, LiveOptions } from './types.ts'
import type { Work } from './work.ts'

/** More commits than this during one run are taken for ones that change it. */
const muchAtOnce = 1_000

/** A socket as queries see it. */
export interface Source<C extends LiveCaller> extends CallerSocket<C> {
  /** A change of one of its topics waits for those of the others, so that a transaction is seen whole. */
  hold(): void
  letGo(): void
  /** Whether nothing is sent any more; who calls is not looked at again then. */
  readonly isClosed: boolean
}

/** A subscription as queries see it. */
export interface Subscriber<C extends LiveCaller> {
  readonly source: Source<C>
  readonly route: string
  readonly input: Readonly<Record<string, unknown>>
  /** Whether it is still to be sent the answer, or how to come to it. */
  readonly isWaiting: boolean
  /** Sends the answer, or the changes that lead to it from what the client holds. */
  greet(answer: Answer): void
  /** Sends what has changed in the answer that the client holds. */
  send(change: ChangeText, etag: string): void
  end(problem: Problem): void
  /** Its caller may be another by now: it waits until that is known, and goes where it belongs then. */
  reconsider(): void
  /** Lets it wait for an answer again, from another query. */
  move(): void
}

/** What hears of the commits that touch what it has read. */
export interface Dependent {
  onTouched(): void
}

/** What is at work now, and must know of every commit meanwhile. */
export interface AtWork {
  onCommit(commit: Commit): void
}

/** Every query that somebody subscribes to, by what makes them the same. */
export class Hub<C extends LiveCaller> {
  readonly options: LiveOptions<C>
  readonly interests: Interests<Dependent>
  readonly kept: KeptReads
  readonly atWork = new Set<AtWork>()
  /** Sockets that hold changes back. */
  readonly held: Deadlines<PendingChanges>
  /** In which queries go to work. */
  readonly turns = new Turns()
  readonly #work: Work
  /** Whatever asks for work, it is not done as a part of that: not inside of its transaction. */
  readonly #outside = AsyncLocalStorage.snapshot()
  /** The queries of one route and input, each for callers who are given the same. */
  readonly #queries = new Map<string, Set<LiveQuery<C>>>()
  /** Routes whose answers depend on more of the request than the caller. */
  readonly #personal = new Set<string>()
  /** Routes whose handlers look at who calls. */
  readonly #perCaller = new Set<string>()
  /** What rules open to callers, by their names. */
  readonly #opened = new WeakMap<object, Map<string, string | undefined>>()
  /** Of this token, by what they carry: one change, or the texts of several. */
  readonly #frames = new Map<ChangeText | string, Outgoing>()
  #framesAt: Token = ''
  /** The last of each that was asked for: one change to many sockets asks for the same again and again. */
  #tokenAt = Number.NaN
  #token: Token = ''
  #change: ChangeText | undefined
  #frame: Outgoing | undefined
  /** Conditions of which the log has been told. */
  readonly #told = new Set<string>()
  #topics = 0
  #last: number
  #before: number
  /** Who waits for a position. */
  readonly #waiting = new Set<{ readonly position: number; readonly end: (isReached: boolean) => void }>()

  constructor(options: LiveOptions<C>, work: Work) {
    this.options = options
    this.#work = work
    this.held = new Deadlines(options.clock, longestHold, (pending) => pending.flush())
    const onMany = (unindexed: Unindexed) => this.#tellMany(unindexed)
    this.interests = new Interests(onMany)
    this.kept = new KeptReads({ onMany, hearsOthers: options.database.changes.hearsOthers })
    this.#last = options.database.changes.position()
    this.#before = this.#last
  }

  /** Begins work that `settled` waits for. */
  begin(work: () => Promise<void>): void {
    this.#work
      .track(() => this.#outside(work))
      .catch((error: unknown) => {
        this.options.log.event('live.work.failed', { error }, 'error')
      })
  }

  tokenOf(position: number): Token {
    if (position === this.#tokenAt) return this.#token
    this.#tokenAt = position
    this.#token = `${this.options.database.changes.epoch}.${position}`
    return this.#token
  }

  /** The position before that of the last commit that was heard of: what this one touches was true there. */
  get before(): number {
    return this.#before
  }

  /** Where everything stands that is not at work. */
  get at(): Token {
    return this.tokenOf(this.options.database.changes.position())
  }

  /** Resolves once the token was heard of, or is known to be none of this log's; after five seconds anyway. */
  async reachToken(token: Token): Promise<void> {
    const [epoch, position] = readToken(token)
    if (epoch === this.options.database.changes.epoch && Number.isFinite(position)) await this.reach(position, longestWait)
  }

  /** Whether a position that the database has shown before its time is announced soon: older transactions seldom hold it back. */
  reachEarly(position: number): Promise<boolean> {
    return this.reach(position, longestEarly)
  }

  /** Answers whether the position was heard of within so many milliseconds. */
  reach(position: number, within: number): Promise<boolean> {
    if (position <= this.options.database.changes.position()) return Promise.resolve(true)
    return new Promise<boolean>((resolve) => {
      const end = (isReached: boolean) => {
        cancel()
        this.#waiting.delete(waiting)
        resolve(isReached)
      }
      const waiting = { position, end }
      const cancel = this.options.clock.after(within, () => end(false))
      this.#waiting.add(waiting)
    })
  }

  /** One frame for all sockets that are sent this change alone, as everything stands now. */
  patchOfOne(change: ChangeText): Outgoing {
    const { at } = this
    if (this.#frame === undefined || change !== this.#change || at !== this.#framesAt) {
      this.#frame = this.patchOf([change], at)
      this.#change = change
    }
    return this.#frame
  }

  /** One frame for all sockets that are sent the same changes. */
  patchOf(changes: readonly ChangeText[], at: Token): Outgoing {
    if (at !== this.#framesAt) {
      this.#frames.clear()
      this.#frame = undefined
      this.#framesAt = at
    }
    const [first, second] = changes
    const isOne = first !== undefined && second === undefined
    const body = isOne ? first.text : changes.map(({ text }) => text).join(',')
    const key = isOne ? first : body
    const known = this.#frames.get(key)
    if (known !== undefined) return known
    const frame = new Outgoing(`{"type":"patch","at":"${at}","changes":[${body}]}`)
    if (this.#frames.size >= mostFrames) this.#frames.clear()
    this.#frames.set(key, frame)
    return frame
  }

  /**
   * The last commit after the position that may change what was read. Databases show commits before the log announces them,
   * and whoever read may have seen it.
   */
  async newestTouching(position: number, touched: (commit: Commit) => boolean | undefined): Promise<number | undefined> {
    const { changes } = this.options.database
    try {
      // whoever runs hears of those that are announced as they are
      const commits = await changes.since(Math.max(position, changes.position()), muchAtOnce)
      // more than that is taken for something that touches
      if (commits.length >= muchAtOnce) return commits.at(-1)?.position
      return commits.findLast((commit) => touched(commit) === true)?.position
    } catch {
      // the log no longer reaches back that far: this process is told of it
      return changes.position() + 1
    }
  }

  /** Subscribes to the query that answers this caller. */
  join(subscriber: Subscriber<C>): LiveQuery<C> {
    const key = this.#keyOf(subscriber)
    const queries = this.#queries.get(key) ?? new Set()
    this.#queries.set(key, queries)
    let query: LiveQuery<C> | undefined
    for (const each of queries) {
      if (!each.accepts(subscriber)) continue
      query = each
      break
    }
    if (query === undefined) {
      query = new LiveQuery(this, { key, topic: ++this.#topics }, subscriber)
      queries.add(query)
    }
    query.add(subscriber)
    return query
  }

  onCommit(commit: Commit): void {
    this.#before = this.#last
    this.#last = commit.position
    // what is kept comes first: whoever is told of the commit reads from it
    this.kept.onCommit(commit)
    for (const each of this.atWork) each.onCommit(commit)
    const touched = new Set<Dependent>()
    for (const change of commit.changes) this.interests.touched(change, touched)
    for (const dependent of touched) dependent.onTouched()
    for (const { position, end } of [...this.#waiting]) if (position <= commit.position) end(true)
  }

  /** The answer turned out to be for one socket alone: everybody else gets a query of their own. */
  unshare(query: LiveQuery<C>, owner: Source<C>): void {
    this.#personal.add(query.route)
    for (const subscriber of [...query.subscribers]) {
      if (subscriber.source !== owner) subscriber.move()
    }
  }

  /** The answers of the route are each for one caller. */
  partCallers(route: string): void {
    this.#perCaller.add(route)
  }

  /** What the rules open to the caller, as one text; undefined where that goes by the time. `names` are those of the rules. */
  openedTo(caller: C | null, rules: ReadSet['rules'], names: string): string | undefined {
    // a visitor has no row that would be another one by the next look
    if (caller === null) return this.options.opened(rules, null)
    const known = this.#opened.get(caller) ?? new Map<string, string | undefined>()
    this.#opened.set(caller, known)
    if (!known.has(names)) known.set(names, this.options.opened(rules, caller))
    return known.get(names)
  }

  forget(query: LiveQuery<C>): void {
    const queries = this.#queries.get(query.key)
    queries?.delete(query)
    if (queries?.size === 0) this.#queries.delete(query.key)
  }

  /** Reads that no index finds are asked about every change of their model. */
  get unindexed(): readonly Unindexed[] {
    const counts = new Map<string, Unindexed>()
    for (const each of [...this.interests.unindexed, ...this.kept.unindexed]) {
      const key = `${each.model} ${each.condition}`
      counts.set(key, { ...each, count: each.count + (counts.get(key)?.count ?? 0) })
    }
    return [...counts.values()].sort((one, other) => other.count - one.count)
  }

  #tellMany({ model, condition, count }: Unindexed): void {
    const key = `${model} ${condition}`
    if (this.#told.has(key) || this.#told.size >= mostTold) return
    this.#told.add(key)
    this.options.log.event('live.condition.unindexed', { model, condition, count }, 'warn')
  }

  #keyOf({ source, route, input }: Subscriber<C>): string {
    const owner = this.#personal.has(route) ? source.number : null
    const caller = this.#perCaller.has(route) ? (source.caller?.user.id ?? null) : null
    // who may ask at all differs between visitors and members
    return canonical([route, input, source.caller === null, owner, caller])
  }
}

const mostFrames = 1_000
const mostTold = 100
/** Milliseconds. */
const longestWait = 5_000
const longestEarly = 2_000
