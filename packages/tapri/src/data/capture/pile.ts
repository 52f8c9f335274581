import type { Model } from '../catalog.ts'
import type { StoredRow } from '../evaluate.ts'
import type { OutsideChange } from './capture.ts'

/** More than this is not worth to be told row by row: whoever reads it reads the model anew anyway. */
const mostChanges = 10_000
/** Signs of their texts together: the entry must be small enough for every database's log. */
const mostSigns = 4 * 1024 ** 2

/** Changes in their order; when there are too many, only which models they are of. */
export class Pile {
  #changes: OutsideChange[] = []
  #signs = 0
  /** Of each model of which anything may have changed. */
  readonly #touched = new Set<Model>()
  #isFull = false

  get isEmpty(): boolean {
    return this.#changes.length === 0 && this.#touched.size === 0
  }

  add(change: OutsideChange): void {
    const { model, before, after } = change
    if (before === null && after === null) this.touch(model)
    if (this.#touched.has(model)) return
    this.#changes.push(change)
    this.#signs += signsOf(before) + signsOf(after)
    if (this.#changes.length > mostChanges || this.#signs > mostSigns) this.#overflow()
    else if (this.#isFull) this.touch(model)
  }

  /** Anything in the model may have changed; what is known of its rows says nothing more then. */
  touch(model: Model): void {
    this.#touched.add(model)
    this.#changes = this.#changes.filter((change) => change.model !== model)
  }

  join(later: Pile): void {
    for (const change of later.changes()) this.add(change)
  }

  changes(): readonly OutsideChange[] {
    const touched = Array.from(this.#touched, (model): OutsideChange => ({ model, before: null, after: null }))
    return [...touched, ...this.#changes]
  }

  #overflow(): void {
    this.#isFull = true
    for (const { model } of this.#changes) this.#touched.add(model)
    this.#changes = []
    this.#signs = 0
  }
}

function signsOf(row: StoredRow | null): number {
  let signs = 0
  for (const value of Object.values(row ?? {})) signs += sizeOf(value)
  return signs
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  return typeof value === 'object' && value !== null ? JSON.stringify(value).length : 8
}
