import { put, takeOut } from '../../kit/lists.ts'
import { comparable, type StoredRow } from '../evaluate.ts'
import type { Asking, Known } from './asking.ts'
import type { Place } from './bucket.ts'
import { positionIn } from './interval.ts'
import { RangeTree } from './range-tree.ts'
import type { Range } from './spots.ts'

/** So many are looked at one by one before they are worth a tree. */
const mostInList = 16

/** Places with an interval of one column. */
export class Ranges<Target> {
  readonly column: string
  readonly #type: 'string' | 'number'
  #few: Place<Target>[] | undefined
  #tree: RangeTree<Place<Target>> | undefined

  constructor(range: Range) {
    this.column = range.column
    this.#type = typeOf(range)
  }

  get isEmpty(): boolean {
    return this.#few === undefined && (this.#tree === undefined || this.#tree.isEmpty)
  }

  isFor(range: Range): boolean {
    return range.column === this.column && typeOf(range) === this.#type
  }

  add(place: Place<Target>, range: Range): void {
    if (this.#tree !== undefined) this.#tree.add(place, range)
    else this.#few = put(this.#few, place)
    if (this.#few === undefined || this.#few.length <= mostInList) return
    this.#tree = new RangeTree()
    for (const each of this.#few) if (each.range !== undefined) this.#tree.add(each, each.range)
    this.#few = undefined
  }

  remove(place: Place<Target>, range: Range): void {
    if (this.#tree !== undefined) this.#tree.remove(place, range)
    else if (this.#few !== undefined) this.#few = takeOut(this.#few, place)
  }

  /** Offers the places whose interval has the value of the row; `known` of those in which it is not at an end. */
  offer(asking: Asking<Target>, row: StoredRow, known: Known): void {
    const stored = comparable(row[this.column])
    if (stored === null || stored === undefined) return
    // truth orders as 0 and 1
    const value = typeof stored === 'boolean' ? Number(stored) : stored
    // what is of another type, or no number that is stored, has no place among the intervals
    if (typeof value !== this.#type || (typeof value === 'number' && !Number.isFinite(value))) this.#offerAll(asking)
    else if (this.#few !== undefined) offerFew(asking, this.#few, value, known)
    else this.#tree?.visit(value, (places, isInside) => asking.offer(places, isInside ? known : 'nothing'))
  }

  #offerAll(asking: Asking<Target>): void {
    if (this.#few !== undefined) asking.offer(this.#few, 'nothing')
    this.#tree?.visitAll((places) => asking.offer(places, 'nothing'))
  }
}

function offerFew<Target>(asking: Asking<Target>, few: readonly Place<Target>[], value: string | number, known: Known): void {
  for (const place of few) {
    const position = place.range === undefined ? 'end' : positionIn(value, place.range.low, place.range.high)
    if (position !== 'outside') asking.offerOne(place, position === 'inside' ? known : 'nothing')
  }
}

function typeOf({ low }: Range): 'string' | 'number' {
  return typeof low === 'string' ? 'string' : 'number'
}
