import type { Place } from './bucket.ts'
import type { Difference } from './difference.ts'
import type { Interest } from './interest.ts'

/**
 * What an index knows of the row and the places that it offers: that the row has what the places say it must have, that it
 * has that before the change and after, or nothing, so that it must be looked at.
 */
export type Known = 'found' | 'stays' | 'nothing'

/**
 * One change on its way to the targets that it touches. It is offered the interests that are found by the row as it is
 * after the change, all of them, and then those that are found by the row as it was.
 */
export class Asking<Target> {
  readonly difference: Difference
  readonly touched: Set<Target>
  readonly #turn: number
  #isAfter = true

  constructor(difference: Difference, touched: Set<Target>, turn: number) {
    this.difference = difference
    this.touched = touched
    this.#turn = turn
  }

  goBack(): void {
    this.#isAfter = false
  }

  offer(places: readonly Place<Target>[], known: Known): void {
    for (const place of places) this.offerOne(place, known)
  }

  offerOne({ interest, isExact }: Place<Target>, known: Known): void {
    if (interest.seen === this.#turn) return
    interest.seen = this.#turn
    if (this.#isConcerned(interest, isExact ? known : 'nothing')) this.touch(interest)
  }

  touch({ holds }: Interest<Target>): void {
    for (const { target } of holds) this.touched.add(target)
  }

  #isConcerned({ condition, columns }: Interest<Target>, known: Known): boolean {
    const { difference } = this
    // not found by the row as it is after the change, which therefore does not match
    if (!this.#isAfter) return known !== 'nothing' || difference.wasIn(condition)
    if (known === 'stays') return difference.changes(columns)
    return known === 'found' ? difference.concernsOneInside(condition, columns) : difference.concerns(condition, columns)
  }
}
