import { conditionKey } from '../condition-key.ts'
import type { Asking } from './asking.ts'
import { type Hold, Interest } from './interest.ts'
import { patternOf } from './pattern.ts'
import { Shape } from './shape.ts'
import { type Spot, spotsOf } from './spots.ts'
import type { Watch } from './watch.ts'

/** So many that are looked at one by one are worth a word. */
export const manyUnindexed = 1_000

/** What is interested in one model. */
export class ModelInterests<Target> {
  readonly #interests = new Map<string, Interest<Target>>()
  readonly #shapes = new Map<string, Shape<Target>>()
  /** How many conditions there are that no index finds, by their patterns. */
  readonly unindexed = new Map<string, number>()
  readonly #onMany: (pattern: string) => void

  /** `onMany` is called whenever there come to be `manyUnindexed` of one pattern that no index finds. */
  constructor(onMany: (pattern: string) => void) {
    this.#onMany = onMany
  }

  add(watch: Watch, target: Target): Hold<Target> {
    return this.#interestOf(watch).hold(target)
  }

  /** Nobody holds it any more. */
  forget(interest: Interest<Target>): void {
    this.#interests.delete(interest.key)
    if (!spotsOf(interest.condition).every(isFound)) this.#count(interest, -1)
    for (const place of interest.places) {
      const { bucket } = place
      bucket.remove(place)
      if (!bucket.isEmpty) continue
      bucket.shape.forget(bucket)
      if (bucket.shape.isEmpty) this.#shapes.delete(bucket.shape.columns.join())
    }
  }

  ask(asking: Asking<Target>): void {
    const { before, after, isUnknown } = asking.difference
    if (isUnknown) for (const interest of this.#interests.values()) asking.touch(interest)
    if (after !== null) for (const shape of this.#shapes.values()) shape.offerAfter(asking, after, before)
    if (before === null) return
    asking.goBack()
    for (const shape of this.#shapes.values()) shape.offerBefore(asking, before, after)
  }

  #interestOf(watch: Watch): Interest<Target> {
    // joined, it is one text in memory for as long as it is kept, and not a chain of them
    const key = [conditionKey(watch.condition), columnsKey(watch.columns)].join(' ')
    const known = this.#interests.get(key)
    if (known !== undefined) return known
    const spots = spotsOf(watch.condition)
    const interest = new Interest<Target>(this, key, watch)
    interest.places = spots.map((spot) => this.#shapeOf(spot).bucketOf(spot).add(interest, spot))
    this.#interests.set(key, interest)
    if (!spots.every(isFound)) this.#count(interest, 1)
    return interest
  }

  #shapeOf({ equals }: Spot): Shape<Target> {
    const columns = [...equals.keys()]
    const name = columns.join()
    let shape = this.#shapes.get(name)
    if (shape === undefined) {
      shape = new Shape(columns)
      this.#shapes.set(name, shape)
    }
    return shape
  }

  #count({ condition }: Interest<Target>, difference: 1 | -1): void {
    const pattern = patternOf(condition)
    const count = (this.unindexed.get(pattern) ?? 0) + difference
    if (count === 0) this.unindexed.delete(pattern)
    else this.unindexed.set(pattern, count)
    if (difference === 1 && count === manyUnindexed) this.#onMany(pattern)
  }
}

/** Whether only what matches is looked at here, or a narrow part of the model. */
function isFound({ isExact, isNarrow }: Spot): boolean {
  return isExact || isNarrow
}

const keys = new WeakMap<ReadonlySet<string>, string>()

function columnsKey(columns: ReadonlySet<string> | undefined): string {
  if (columns === undefined) return '*'
  const known = keys.get(columns)
  if (known !== undefined) return known
  const key = [...columns].sort().join()
  keys.set(columns, key)
  return key
}
