import type { Clock } from '../kit/clock.ts'
import { claimTime } from './store.ts'

interface Flight<T> {
  readonly result: Promise<T>
  readonly tags: readonly string[]
  readonly begun: number
}

export interface FlightPlan<T> {
  readonly name: string
  readonly tags: readonly string[]
  readonly begin: () => Promise<T>
}

/** Work that is done once for all who ask for it meanwhile in this process, by name. */
export class Flights<T> {
  readonly #clock: Clock
  readonly #flights = new Map<string, Flight<T>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * What is on its way under the name, else what `begin` gives. Nobody gets the error of another: when what they wait for
   * fails, one of them after the other begins their own, and all at once after they have waited for `claimTime`. When
   * it takes longer than that, one of them begins another, and the first that is there is for all.
   */
  async join(plan: FlightPlan<T>): Promise<T> {
    const patient = this.#clock.now() + claimTime
    for (;;) {
      const flight = this.#flights.get(plan.name)
      if (flight === undefined || this.#left(flight) <= 0) return this.#begin(plan, flight)
      const outcome = await this.#outcome(flight)
      if (typeof outcome === 'object') return outcome.value
      if (outcome === 'failed' && this.#clock.now() >= patient) return plan.begin()
    }
  }

  /** Who asks from now on does not get what was begun before. */
  forget(name: string): void {
    this.#flights.delete(name)
  }

  forgetTagged(tags: readonly string[]): void {
    for (const [name, flight] of this.#flights) {
      if (flight.tags.some((tag) => tags.includes(tag))) this.#flights.delete(name)
    }
  }

  clear(): void {
    this.#flights.clear()
  }

  #begin({ name, tags, begin }: FlightPlan<T>, overdue: Flight<T> | undefined): Promise<T> {
    const result = overdue === undefined ? begin() : sooner(begin(), overdue.result)
    const flight = { result, tags, begun: this.#clock.now() }
    this.#flights.set(name, flight)
    const end = () => {
      if (this.#flights.get(name) === flight) this.#flights.delete(name)
    }
    result.then(end, end)
    return result
  }

  #left({ begun }: Flight<T>): number {
    return Math.min(claimTime, begun + claimTime - this.#clock.now())
  }

  #outcome(flight: Flight<T>): Promise<{ readonly value: T } | 'failed' | 'overdue'> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(this.#left(flight), () => resolve('overdue'))
      flight.result.then(
        (value) => resolve({ value }),
        () => resolve('failed'),
      )
      flight.result.then(cancel, cancel)
    })
  }
}

/** What was begun before may still come first; its error is not for those who have begun their own. */
function sooner<T>(own: Promise<T>, before: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    own.then(resolve, reject)
    before.then(resolve, () => {})
  })
}
