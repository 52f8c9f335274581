import { setImmediate } from 'node:timers/promises'
import { type Commit, type Reader, ReadSet } from '../data/index.ts'
import type { Problem } from '../kit/protocol.ts'
import { Answer, type ChangeText } from './answer.ts'
import type { Encoded } from './encoded.ts'
import type { AtWork, Dependent, Hub, Source, Subscriber } from './hub.ts'
import type { Hold, Recording } from './kept/recording.ts'
import { liveProblem } from './problem.ts'
import { type Outcome, runRoute } from './run.ts'
import { timedEvery } from './timed.ts'
import { touches } from './touches.ts'
import type { LiveCaller } from './types.ts'

/** After so many runs that commits tore, the next holds them back. */
const freeRuns = 4

/** One for all: what most queries read is kept. */
const none: readonly (() => void)[] = []

type Renewal = 'whole' | 'torn' | 'early'

interface Run<C extends LiveCaller> {
  readonly leader: Source<C>
  readonly caller: C | null
  readonly position: number
  readonly reads: ReadSet
  /** Undefined when everything is to be read from the database. */
  readonly recording: Recording | undefined
}

interface Place {
  readonly key: string
  readonly topic: number
}

/**
 * One route with one input, for callers who are given the same: the same person, or everybody whose rules open the same
 * rows where the handler does not look at who calls. Run once for all of them.
 */
export class LiveQuery<C extends LiveCaller> implements Dependent, AtWork {
  readonly key: string
  readonly topic: number
  readonly route: string
  readonly input: Readonly<Record<string, unknown>>
  readonly subscribers = new Set<Subscriber<C>>()
  readonly #hub: Hub<C>
  /** Ends the run under way. */
  #abort: AbortController | undefined
  #answer: Answer | undefined
  #owner: string | null
  /** Which rules the last run went by; undefined when it also looked at who calls, or there was none. */
  #rules: ReadSet['rules'] | undefined
  #ruleNames = ''
  /** What they opened. */
  #opened: string | undefined
  #hasRun = false
  /** A run has given a value: whoever counts what callers ask for has let it pass. */
  #hasPassed = false
  /** What the last run has read. */
  #kept: Hold | undefined
  #releases: readonly (() => void)[] = none
  readonly #onKeptTouched = () => this.onTouched()
  /** The commits since the run under way began. */
  #arrived: Commit[] | undefined
  #isDirty = true
  #isWorking = false
  /** Whether sockets hold back what they have for what this one is about to give. */
  #isHolding = false
  /** The next run reads everything from the database: announcements are held back, and what is kept waits for them. */
  #keepsBack = false
  /** While it is at work: the last position that its answer is true at. */
  #upTo = Number.POSITIVE_INFINITY

  constructor(hub: Hub<C>, { key, topic }: Place, { route, input, source }: Pick<Subscriber<C>, 'route' | 'input' | 'source'>) {
    this.#hub = hub
    this.key = key
    this.topic = topic
    this.route = route
    this.input = input
    this.#owner = idOf(source)
  }

  /** Whether this caller is given what the others are. Before the first run nobody knows: whoever comes waits for it. */
  accepts({ source }: Subscriber<C>): boolean {
    if (!this.#hasRun) return true
    if (this.#rules === undefined) return idOf(source) === this.#owner
    const opened = this.#hub.openedTo(source.caller, this.#rules, this.#ruleNames)
    return opened !== undefined && opened === this.#opened
  }

  add(subscriber: Subscriber<C>): void {
    this.subscribers.add(subscriber)
    if (this.#isHolding) subscriber.source.hold()
    if (this.#answer === undefined || !this.#isCurrent()) this.#start()
    else this.greet(subscriber)
  }

  remove(subscriber: Subscriber<C>): void {
    if (!this.subscribers.delete(subscriber)) return
    if (this.#isHolding) subscriber.source.letGo()
    if (this.subscribers.size > 0) return
    this.#abort?.abort()
    this.#release()
    this.#hub.atWork.delete(this)
    this.#hub.forget(this)
  }

  /** Sends the answer to a subscriber that waits for it, unless a newer one is on its way. */
  greet(subscriber: Subscriber<C>): void {
    const { isWaiting, source } = subscriber
    if (this.#answer === undefined || !this.#isCurrent() || !isWaiting || !source.isFresh || !source.hasRoom) return
    subscriber.greet(this.#answer)
  }

  /** What was published last, be it current or not; undefined before the first. */
  get answer(): Answer | undefined {
    return this.#answer
  }

  onCommit(commit: Commit): void {
    this.#arrived?.push(commit)
  }

  onTouched(): void {
    if (!this.#isDirty && this.#arrived === undefined) this.touch()
  }

  /** A subscriber's caller has changed: what was found out by looking at the caller counts no more. */
  onCallerChanged(): void {
    if (this.#hasRun && this.#rules === undefined) this.touch()
  }

  /** The last position at which the answer that was sent is still true; infinite while nothing has touched it. */
  get upTo(): number {
    return this.#upTo
  }

  /** Something that the answer depends on has changed. */
  touch(): void {
    this.#isDirty = true
    this.#start()
  }

  /** Whether the last answer is the one that a run would give now. */
  #isCurrent(): boolean {
    return !this.#isDirty && this.#arrived === undefined
  }

  #start(): void {
    // also when it is at work: what it has sent meanwhile may be true no more
    this.#upTo = Math.min(this.#upTo, this.#hub.before)
    if (this.#answer !== undefined) this.#hold()
    if (this.#isWorking) return
    this.#isWorking = true
    this.#hub.begin(() => this.#work())
  }

  async #work(): Promise<void> {
    let torn = 0
    try {
      await this.#hub.turns.next()
      while (this.#isDirty && this.subscribers.size > 0) {
        const leader = await this.#findLeader()
        if (leader === undefined) break
        const outcome = torn < freeRuns ? await this.#renew(leader) : await this.#renewHolding(leader)
        if (outcome === 'torn') torn++
        else if (outcome === 'whole') torn = 0
        // what is kept answers at once: nobody else would come to anything
        if (this.#isDirty) await setImmediate()
      }
    } catch (error) {
      this.#end(liveProblem(error, { route: this.route }, this.#hub.options.log))
    } finally {
      this.#isWorking = false
      this.#letGo()
    }
  }

  /** Somebody for whom it is run. A subscriber whose session has ended leaves here, before it could be sent what it may not see. */
  async #findLeader(): Promise<Source<C> | undefined> {
    for (;;) {
      const [first] = this.subscribers
      if (first === undefined || first.source.isFresh) return first?.source
      await first.source.refresh()
      // nobody looks any more who calls there, so it would never be known
      if (first.source.isClosed) this.remove(first)
      // who has become another goes where it belongs, also when it was the one for whom this is run
      if (this.subscribers.has(first) && first.source.isFresh) this.#partWithStranger(first)
    }
  }

  /** Like `#renew`, with nothing committed meanwhile. */
  #renewHolding(leader: Source<C>): Promise<Renewal> {
    return this.#hub.options.database.exclusive(() => this.#renew(leader, { holdsWrites: true }))
  }

  /** Runs once and sends, unless commits changed, meanwhile, what was read or who may read. */
  async #renew(leader: Source<C>, { holdsWrites = false } = {}): Promise<Renewal> {
    const arrived: Commit[] = []
    this.#arrived = arrived
    this.#isDirty = false
    this.#hub.atWork.add(this)
    const { changes } = this.#hub.options.database
    const position = changes.position()
    const recording = this.#keepsBack ? undefined : this.#hub.kept.begin()
    this.#keepsBack = false
    const run: Run<C> = { leader, caller: leader.caller, position, reads: new ReadSet(), recording }
    const reader = recording && ((own: Reader) => recording.reader(own))
    const abort = new AbortController()
    this.#abort = abort
    const outcome = await runRoute(
      this.#hub.options,
      { route: this.route, input: this.input, before: this.#answer?.value },
      leader,
      { reads: run.reads, reader, isAgain: this.#hasPassed },
      { abort, holdsWrites },
    )
    this.#abort = undefined
    if (!('problem' in outcome)) this.#hasPassed = true
    const newest = await this.#newestTouching(run)
    // what the database showed before its time may be sent when it is announced
    const isEarly = newest !== undefined && newest > changes.position()
    const isAnnounced = isEarly && (await this.#hub.reachEarly(newest))
    // from here on nothing waits: no commit can come between this check and the sending
    this.#arrived = undefined
    this.#hub.atWork.delete(this)
    const isTorn = (newest !== undefined && !isEarly) || arrived.some((commit) => touches(commit, run.reads))
    // who called may have become another meanwhile, and be known again
    const isSame = leader.isFresh && leader.caller === run.caller
    if (isTorn || isEarly || !isSame || this.subscribers.size === 0) recording?.forget()
    // what is kept and what came early do not go together: all of it is read from the database once
    if (isEarly && !isAnnounced && recording !== undefined) this.#keepsBack = true
    if (isTorn || isAnnounced || this.#keepsBack || !isSame) this.#isDirty = true
    if (this.#isDirty) return isEarly ? 'early' : 'torn'
    if (this.subscribers.size > 0 && !this.#settle(outcome, run)) {
      this.#isDirty = true
      return 'torn'
    }
    return 'whole'
  }

  /** The newest commit that may have changed what was read; nobody need be asked when all of it is kept. */
  #newestTouching({ reads, recording, position }: Run<C>): Promise<number | undefined> | undefined {
    const isKept = recording !== undefined && !recording.askedDatabase && reads.unkept().length === 0
    return isKept
      ? undefined
      : this.#hub.newestTouching(position, (commit) => touches(commit, reads) || recording?.touchedBy(commit))
  }

  /** Sends what a run has found; false when a commit has changed it already. */
  #settle(outcome: Outcome, { leader, position, reads, recording }: Run<C>): boolean {
    const hold = recording?.keep(this.#onKeptTouched)
    if (recording !== undefined && hold === undefined) return false
    this.#release()
    this.#kept = hold
    const unkept = hold === undefined || recording?.readRaw === true ? reads.entries() : reads.unkept()
    const releases = unkept.map((entry) => this.#hub.interests.add(entry, this))
    if (reads.isTimed) releases.push(this.#hub.options.clock.after(timedEvery, () => this.touch()))
    if (releases.length > 0) this.#releases = releases
    if (outcome.isPersonal) this.#hub.unshare(this, leader)
    this.#belongTo(leader, outcome, reads)
    if ('problem' in outcome) this.#end(outcome.problem)
    else this.#publish(outcome.value, this.#hub.tokenOf(position))
    return true
  }

  /** Whom the answer is for; others leave for one of their own. */
  #belongTo(leader: Source<C>, { looksAtCaller }: Outcome, reads: ReadSet): void {
    this.#hasRun = true
    this.#owner = idOf(leader)
    const names = [...reads.rules.keys()].join()
    let opened: string | undefined
    try {
      opened = looksAtCaller ? undefined : this.#hub.openedTo(leader.caller, reads.rules, names)
      if (opened === undefined) this.#hub.partCallers(this.route)
    } catch {
      // a rule that fails for this caller is no reason to end the others: they are asked for themselves
    }
    // whoever has been sent an answer by the same rules, and waits for no other, has been asked before
    const isSame = opened !== undefined && names === this.#ruleNames && opened === this.#opened
    if (!isSame) {
      this.#rules = opened === undefined ? undefined : reads.rules
      this.#ruleNames = names
      this.#opened = opened
    }
    for (const subscriber of [...this.subscribers]) {
      if ((subscriber.isWaiting || !isSame) && subscriber.source.isFresh) this.#partWithStranger(subscriber)
    }
  }

  /** Who is given something else goes to where that is. */
  #partWithStranger(subscriber: Subscriber<C>): void {
    try {
      if (!this.accepts(subscriber)) subscriber.move()
    } catch (error) {
      // a rule that fails for one caller is no reason to end the others
      subscriber.end(liveProblem(error, { route: this.route }, this.#hub.options.log))
    }
  }

  #publish(value: Encoded, at: string): void {
    let change: ChangeText | undefined
    if (this.#answer === undefined) this.#answer = new Answer(this.topic, value, at)
    else change = this.#answer.become(value, at)
    const { etag } = this.#answer
    const waiting: Subscriber<C>[] = []
    for (const subscriber of [...this.subscribers]) {
      if (!subscriber.source.isFresh) subscriber.reconsider()
      else if (subscriber.isWaiting) waiting.push(subscriber)
      else if (change !== undefined) subscriber.send(change, etag)
    }
    // whole answers take room: all those of one socket that are up to date are sent the change before, or none of them
    for (const subscriber of waiting) this.greet(subscriber)
    this.#upTo = Number.POSITIVE_INFINITY
  }

  #end(problem: Problem): void {
    for (const subscriber of [...this.subscribers]) subscriber.end(problem)
  }

  #release(): void {
    this.#kept?.release()
    this.#kept = undefined
    for (const release of this.#releases) release()
    this.#releases = none
  }

  #hold(): void {
    if (this.#isHolding) return
    this.#isHolding = true
    for (const { source } of this.subscribers) source.hold()
  }

  #letGo(): void {
    if (!this.#isHolding) return
    this.#isHolding = false
    for (const { source } of this.subscribers) source.letGo()
  }
}

function idOf<C extends LiveCaller>({ caller }: Source<C>): string | null {
  return caller?.user.id ?? null
}
