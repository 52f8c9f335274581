import { put, takeOut } from '../../kit/lists.ts'
import type { Primitive } from '../condition.ts'
import type { StoredRow } from '../evaluate.ts'
import type { Asking } from './asking.ts'
import type { Interest } from './interest.ts'
import { Ranges } from './ranges.ts'
import type { Shape } from './shape.ts'
import type { Range, Spot } from './spots.ts'

/** An interest in one of the buckets that it is found in. */
export interface Place<Target> {
  readonly interest: Interest<Target>
  readonly bucket: Bucket<Target>
  readonly range: Range | undefined
  readonly isExact: boolean
  at: number
}

/** What is interested in rows with the same values in some columns. */
export class Bucket<Target> {
  readonly shape: Shape<Target>
  readonly key: Primitive
  /** Places without an interval. */
  #plain: Place<Target>[] | undefined
  #ranges: Ranges<Target>[] | undefined

  constructor(shape: Shape<Target>, key: Primitive) {
    this.shape = shape
    this.key = key
  }

  get isEmpty(): boolean {
    return this.#plain === undefined && this.#ranges === undefined
  }

  add(interest: Interest<Target>, { range, isExact }: Spot): Place<Target> {
    const place = { interest, bucket: this, range, isExact, at: 0 }
    if (range === undefined) this.#plain = put(this.#plain, place)
    else this.#rangesOf(range).add(place, range)
    return place
  }

  remove(place: Place<Target>): void {
    const { range } = place
    if (range !== undefined) {
      this.#rangesOf(range).remove(place, range)
      if (this.#ranges?.every(({ isEmpty }) => isEmpty)) this.#ranges = undefined
    } else if (this.#plain !== undefined) this.#plain = takeOut(this.#plain, place)
  }

  /** Offers what may match the row; `other` is the row on the other side of the change, when that is found here too. */
  offer(asking: Asking<Target>, row: StoredRow, other: StoredRow | null): void {
    if (this.#plain !== undefined) asking.offer(this.#plain, other === null ? 'found' : 'stays')
    if (this.#ranges === undefined) return
    for (const ranges of this.#ranges) {
      const stays = other !== null && row[ranges.column] === other[ranges.column]
      ranges.offer(asking, row, stays ? 'stays' : 'found')
    }
  }

  /** The same, after `other` has been offered what is here. */
  offerRest(asking: Asking<Target>, row: StoredRow, other: StoredRow): void {
    if (this.#ranges === undefined) return
    for (const ranges of this.#ranges) {
      if (row[ranges.column] !== other[ranges.column]) ranges.offer(asking, row, 'found')
    }
  }

  #rangesOf(range: Range): Ranges<Target> {
    this.#ranges ??= []
    let ranges = this.#ranges.find((each) => each.isFor(range))
    if (ranges === undefined) {
      ranges = new Ranges(range)
      this.#ranges.push(ranges)
    }
    return ranges
  }
}
