import { put, takeOut } from '../../kit/lists.ts'
import type { Condition } from '../condition.ts'
import type { Place } from './bucket.ts'
import type { ModelInterests } from './model-interests.ts'
import type { Watch } from './watch.ts'

/** One target's part in an interest, so that it can be given up. */
export interface Hold<Target> {
  readonly interest: Interest<Target>
  readonly target: Target
  at: number
}

/** What is watched, once for all the targets that watch the same. */
export class Interest<Target> {
  readonly model: ModelInterests<Target>
  readonly key: string
  readonly condition: Condition
  readonly columns: ReadonlySet<string> | undefined
  /** Where it is found. */
  places: readonly Place<Target>[] = []
  /** The change that it was offered last. */
  seen = 0
  #holds: Hold<Target>[] | undefined

  constructor(model: ModelInterests<Target>, key: string, { condition, columns }: Watch) {
    this.model = model
    this.key = key
    this.condition = condition
    this.columns = columns
  }

  get holds(): readonly Hold<Target>[] {
    return this.#holds ?? []
  }

  hold(target: Target): Hold<Target> {
    const hold = { interest: this, target, at: 0 }
    this.#holds = put(this.#holds, hold)
    return hold
  }

  letGo(hold: Hold<Target>): void {
    if (this.#holds !== undefined) this.#holds = takeOut(this.#holds, hold)
    if (this.#holds === undefined) this.model.forget(this)
  }
}
