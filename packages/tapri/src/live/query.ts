import { type Commit, ReadSet } from '../data/index.ts'
import type { Problem } from '../kit/protocol.ts'
import { Answer, type AnswerChange } from './answer.ts'
import type { Hub, Subscriber } from './hub.ts'
import { liveProblem } from './problem.ts'
import { runRoute } from './run.ts'
import { touches } from './touches.ts'
import type { LiveCaller } from './types.ts'

/** After so many runs that commits tore, the next holds them back. */
const freeRuns = 4

/** One route with one input for one caller: run once for everybody who subscribes to it. */
export class LiveQuery<C extends LiveCaller> {
  readonly key: string
  readonly route: string
  readonly input: Readonly<Record<string, unknown>>
  readonly subscribers = new Set<Subscriber<C>>()
  readonly #hub: Hub<C>
  readonly #abort = new AbortController()
  #answer: Answer | undefined
  #reads = new ReadSet()
  /** The commits since the run under way began. */
  #arrived: Commit[] | undefined
  #isDirty = true
  #isWorking = false

  constructor(hub: Hub<C>, key: string, { route, input }: Pick<Subscriber<C>, 'route' | 'input'>) {
    this.#hub = hub
    this.key = key
    this.route = route
    this.input = input
  }

  add(subscriber: Subscriber<C>): void {
    this.subscribers.add(subscriber)
    // a caller who has changed since is told nothing that was found out for the one before
    if (!subscriber.source.isFresh) this.#isDirty = true
    if (this.#answer === undefined || !this.#isCurrent()) this.#start()
    else this.greet(subscriber)
  }

  remove(subscriber: Subscriber<C>): void {
    if (!this.subscribers.delete(subscriber) || this.subscribers.size > 0) return
    this.#abort.abort()
    this.#hub.forget(this)
  }

  /** Sends the first answer to a subscriber that waits for it, unless a newer one is on its way. */
  greet(subscriber: Subscriber<C>): void {
    const { isWaiting, source } = subscriber
    if (this.#answer === undefined || !this.#isCurrent() || !isWaiting || !source.isFresh || !source.hasRoom) return
    subscriber.greet(this.#answer)
  }

  onCommit(commit: Commit): void {
    if (this.#arrived !== undefined) this.#arrived.push(commit)
    else if (!this.#isDirty && touches(commit, this.#reads)) this.touch()
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
    if (this.#isWorking) return
    this.#isWorking = true
    this.#hub.begin(() => this.#work())
  }

  async #work(): Promise<void> {
    let torn = 0
    try {
      while (this.#isDirty && this.subscribers.size > 0) {
        await this.#identifyAll()
        const isWhole = torn < freeRuns ? await this.#renew() : await this.#renewHolding()
        torn = isWhole ? 0 : torn + 1
      }
    } catch (error) {
      this.#end(liveProblem(error, { route: this.route }, this.#hub.options.log))
    } finally {
      this.#isWorking = false
    }
  }

  /** A subscriber whose session has ended leaves here, before it could be sent what it may not see. */
  async #identifyAll(): Promise<void> {
    const sources = new Set([...this.subscribers].map(({ source }) => source))
    await Promise.all([...sources].map((source) => source.refresh()))
  }

  /** Like `#renew`, with nothing committed meanwhile. */
  #renewHolding(): Promise<boolean> {
    return this.#hub.options.database.exclusive(() => this.#renew({ holdsWrites: true }))
  }

  /** Runs once and sends. Answers false when commits tore the answer: they changed, meanwhile, what was read or who may read. */
  async #renew({ holdsWrites = false } = {}): Promise<boolean> {
    const [leader] = this.subscribers
    if (leader === undefined || !this.#isEveryoneKnown()) return false
    const arrived: Commit[] = []
    this.#arrived = arrived
    this.#isDirty = false
    const position = this.#hub.options.database.changes.position()
    const known = await this.#hub.knownSince(position)
    const reads = new ReadSet()
    const outcome = await runRoute(this.#hub.options, this, leader.source, reads, { ended: this.#abort.signal, holdsWrites })
    // a database elsewhere holds commits that it has not announced yet, and the handler may have seen them
    const isTorn = await this.#hub.hasTorn(reads, position, known)
    // from here on nothing waits: no commit can come between this check and the sending
    this.#arrived = undefined
    if (isTorn || arrived.some((commit) => touches(commit, reads)) || !this.#isEveryoneKnown()) this.#isDirty = true
    if (this.#isDirty) return false
    this.#reads = reads
    if (outcome.isPersonal) this.#hub.unshare(this, leader.source)
    if ('problem' in outcome) this.#end(outcome.problem)
    else this.#publish(outcome.text, this.#hub.tokenOf(position))
    return true
  }

  #isEveryoneKnown(): boolean {
    for (const { source } of this.subscribers) if (!source.isFresh) return false
    return true
  }

  #publish(text: string, at: string): void {
    let change: AnswerChange | undefined
    if (this.#answer === undefined) this.#answer = new Answer(text, at)
    else change = this.#answer.become(text, at)
    for (const subscriber of this.subscribers) {
      if (subscriber.isWaiting) this.greet(subscriber)
      else if (change !== undefined) subscriber.send('patch', change)
    }
  }

  #end(problem: Problem): void {
    for (const subscriber of [...this.subscribers]) subscriber.end(problem)
  }
}
