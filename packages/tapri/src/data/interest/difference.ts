import { isDeepStrictEqual } from 'node:util'
import type { Change } from '../changes.ts'
import type { Condition } from '../condition.ts'
import { comparable, mayMatch, type StoredRow } from '../evaluate.ts'

/** One change, of which many conditions are asked whether it concerns them. */
export class Difference {
  readonly before: StoredRow | null
  readonly after: StoredRow | null
  #changed: readonly string[] | undefined
  /** Most of those who ask one after another go by the same columns. */
  #columns: ReadonlySet<string> | undefined
  #isChanged = true

  constructor({ before, after }: Change) {
    this.before = before
    this.after = after
  }

  /** Neither image is there: anything in the model may have changed. */
  get isUnknown(): boolean {
    return this.before === null && this.after === null
  }

  /** Whether a row comes to match or matches no more, or still matches and has changed in one of the columns; undefined are
   * all of them. Where it cannot be told whether a row matches, it does. */
  concerns(condition: Condition, columns: ReadonlySet<string> | undefined): boolean {
    if (this.isUnknown) return true
    return this.isIn(condition) ? this.concernsOneInside(condition, columns) : this.wasIn(condition)
  }

  /** The same, where the row is known to match after the change. */
  concernsOneInside(condition: Condition, columns: ReadonlySet<string> | undefined): boolean {
    if (columns === undefined || this.before === null) return true
    return this.changes(columns) || !this.wasIn(condition)
  }

  isIn(condition: Condition): boolean {
    return this.after !== null && mayMatch(condition, this.after)
  }

  wasIn(condition: Condition): boolean {
    return this.before !== null && mayMatch(condition, this.before)
  }

  /** Whether one of the columns has another value after the change. */
  changes(columns: ReadonlySet<string> | undefined): boolean {
    if (columns === this.#columns) return this.#isChanged
    this.#changed ??= changedColumns(this.before ?? {}, this.after ?? {})
    this.#columns = columns
    this.#isChanged = columns === undefined || this.#changed.some((name) => columns.has(name))
    return this.#isChanged
  }
}

function changedColumns(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): string[] {
  const names = Object.keys(after).filter((name) => !isSame(before[name], after[name]))
  // an image may lack columns
  for (const name of Object.keys(before)) if (!(name in after)) names.push(name)
  return names
}

function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true
  const value = comparable(one)
  return value === undefined ? isDeepStrictEqual(one, other) : value === comparable(other)
}
