import type { Commit, Database } from '../../data/index.ts'
import type { Clock } from '../../kit/clock.ts'

/** What has come by the bus. */
interface Forerunner {
  /** Of the last commit that whoever said it knew of. */
  readonly position: number
  /** Characters. */
  readonly size: number
  hear(): void
  /** It is not heard at all. */
  drop(): void
}

interface ForerunnersOptions {
  readonly changes: Pick<Database['changes'], 'position' | 'since' | 'wake' | 'onOwnCommit'>
  readonly clock: Clock
  begin(work: () => Promise<void>): void
  /** Puts in doubt whoever was admitted by what these commits change. */
  doubt(commits: readonly Commit[]): void
  /** Puts everybody in doubt. */
  doubtAll(): void
}

/** Milliseconds: the log is seldom so late, but for older transactions that are open. */
const longestWait = 100
const mostCommits = 1_000
/** Characters that wait. */
const mostWaiting = 4 * 1024 ** 2

/**
 * What the bus brings before the log has told of all that its sender knew: it waits, for among that may be who must not hear it.
 * When the log is late, what was committed meanwhile is looked up.
 */
export class Forerunners {
  readonly #options: ForerunnersOptions
  readonly #endTelling: () => void
  #waiting: Forerunner[] = []
  #size = 0
  /** The commits that were told of before the log has. */
  readonly #told = new Set<number>()
  #newestOwn = 0
  #isLooking = false
  #cancelLook: (() => void) | undefined

  constructor(options: ForerunnersOptions) {
    this.#options = options
    this.#endTelling = options.changes.onOwnCommit((position) => {
      this.#newestOwn = Math.max(this.#newestOwn, position)
    })
  }

  /** The position of the last commit that this node knows of. */
  get newest(): number {
    return Math.max(this.#newestOwn, this.#options.changes.position())
  }

  /** Has it heard as soon as it is known who may: at once when the log is as far as its sender was. */
  receive(forerunner: Forerunner): void {
    const { changes } = this.#options
    if (this.#waiting.length === 0 && forerunner.position <= changes.position()) forerunner.hear()
    else this.#hold(forerunner)
  }

  /** The log has come further. */
  onCommit({ position }: Commit): void {
    for (const told of this.#told) if (told <= position) this.#told.delete(told)
    const end = this.#waiting.findIndex((each) => each.position > position)
    for (const each of this.#take(end < 0 ? this.#waiting.length : end)) each.hear()
  }

  stop(): void {
    this.#endTelling()
    this.#take(this.#waiting.length)
  }

  #hold(forerunner: Forerunner): void {
    this.#options.changes.wake?.(forerunner.position)
    this.#waiting.push(forerunner)
    this.#size += forerunner.size
    while (this.#size > mostWaiting) this.#take(1)[0]?.drop()
    this.#lookLater()
  }

  /** The first of those that wait, which do no more. */
  #take(count: number): Forerunner[] {
    const taken = this.#waiting.splice(0, count)
    for (const { size } of taken) this.#size -= size
    if (this.#waiting.length > 0) return taken
    this.#cancelLook?.()
    this.#cancelLook = undefined
    return taken
  }

  #lookLater(): void {
    const { clock, begin } = this.#options
    if (this.#isLooking || this.#waiting.length === 0) return
    this.#cancelLook ??= clock.after(longestWait, () => {
      this.#cancelLook = undefined
      this.#isLooking = true
      begin(() => this.#look())
    })
  }

  /** Those that wait now know of nothing that is committed later. */
  async #look(): Promise<void> {
    const last = this.#waiting.at(-1)
    const isKnown = await this.#tellEarly()
    this.#isLooking = false
    const end = last === undefined ? 0 : this.#waiting.indexOf(last) + 1
    for (const each of this.#take(end)) {
      if (isKnown) each.hear()
      else each.drop()
    }
    this.#lookLater()
  }

  /** Tells of commits of which the log does not tell yet; answers false when nobody can. */
  async #tellEarly(): Promise<boolean> {
    const { changes, doubt, doubtAll } = this.#options
    try {
      const commits = await changes.since(changes.position(), mostCommits)
      doubt(commits.filter(({ position }) => !this.#told.has(position)))
      for (const { position } of commits) this.#told.add(position)
      if (commits.length >= mostCommits) doubtAll()
      return true
    } catch {
      // the log says why when it does not come further either
      return false
    }
  }
}
