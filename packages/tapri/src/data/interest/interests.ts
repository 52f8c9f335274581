import type { Change } from '../changes.ts'
import type { ReadEntry } from '../read-set.ts'
import { Asking } from './asking.ts'
import { Difference } from './difference.ts'
import { ModelInterests, manyUnindexed } from './model-interests.ts'
import { watchesOf } from './watch.ts'

/** Conditions of the same pattern that no index finds: each of them is asked of every change of the model. */
export interface Unindexed {
  readonly model: string
  /** The pattern, without values, like `title contains ?`. */
  readonly condition: string
  readonly count: number
}

/** So many patterns are told. */
const mostTold = 100

/**
 * Who is interested in which rows. A change finds those that it touches in time that goes by how many they are, not by how
 * many there are: equalities are hashed, intervals are in trees, and what has neither is looked at one by one.
 * @example
 * const interests = new Interests<string>()
 * const end = interests.add({ model: 'videos', condition }, 'the page of kites')
 * for (const target of interests.touched(change)) console.log(target)
 * end()
 */
export class Interests<Target> {
  readonly #models = new Map<string, ModelInterests<Target>>()
  readonly #onMany: (unindexed: Unindexed) => void
  #size = 0
  #turn = 0

  /** `onMany` is called whenever the conditions of one pattern that no index finds come to be 1,000. */
  constructor(onMany: (unindexed: Unindexed) => void = () => {}) {
    this.#onMany = onMany
  }

  /** How many reads are held. */
  get size(): number {
    return this.#size
  }

  /** From now on the target is touched by changes that may change what was read; the answer ends that. */
  add(entry: ReadEntry, target: Target): () => void {
    const holds = watchesOf(entry).map((watch) => this.#modelOf(watch.model).add(watch, target))
    let isHeld = true
    this.#size++
    return () => {
      if (!isHeld) return
      isHeld = false
      this.#size--
      for (const hold of holds) hold.interest.letGo(hold)
    }
  }

  /** The targets that the change may concern, each once; added to those of `touched`, where that is given. */
  touched(change: Change, touched: Set<Target> = new Set()): Set<Target> {
    this.#turn++
    this.#models.get(change.model)?.ask(new Asking(new Difference(change), touched, this.#turn))
    return touched
  }

  /** What no index finds, the commonest pattern first: at most 100 patterns. */
  get unindexed(): readonly Unindexed[] {
    const told = [...this.#models].flatMap(([model, { unindexed }]) =>
      [...unindexed].map(([condition, count]) => ({ model, condition, count })),
    )
    return told.sort((one, other) => other.count - one.count).slice(0, mostTold)
  }

  #modelOf(name: string): ModelInterests<Target> {
    let model = this.#models.get(name)
    if (model === undefined) {
      model = new ModelInterests((condition) => this.#onMany({ model: name, condition, count: manyUnindexed }))
      this.#models.set(name, model)
    }
    return model
  }
}
