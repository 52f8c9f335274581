import { type Change, type Condition, type Model, matches, type StoredRow } from '../../data/index.ts'
import { copyRow, copyValue } from './copy.ts'

/**
 * What a change did to a kept answer. `same`: nothing that anybody sees. `changed`: it was taken in. `short`: a window has
 * too few rows left. `lost`: only the database knows.
 */
export type Outcome = 'same' | 'changed' | 'short' | 'lost'

/** What a database answered, exactly as of the last commit that was taken in. */
export interface Answer {
  /** How many rows it holds. */
  readonly size: number
  /** Takes in a change that has whole images. */
  take(change: Change): Outcome
}

/** An answer of rows in their order. */
export interface RowsAnswer extends Answer {
  /** What the reader would give; each time for one asker alone, who may change it. */
  rows(): StoredRow[]
}

/** The row with an id, or that there is none. */
export class KeptRow implements Answer {
  readonly size = 1
  readonly #model: Model
  #row: StoredRow | undefined

  constructor(model: Model, row: StoredRow | undefined) {
    this.#model = model
    this.#row = row
  }

  /** Not to be changed or given away. */
  get row(): StoredRow | undefined {
    return this.#row
  }

  take({ after }: Change): Outcome {
    this.#row = after === null ? undefined : copyRow(after, this.#model.columns)
    return 'changed'
  }
}

/** Rows that nobody can keep up to date from changes alone. */
export class KeptRows implements RowsAnswer {
  readonly #rows: readonly StoredRow[]

  constructor(rows: readonly StoredRow[]) {
    this.#rows = rows
  }

  get size(): number {
    return this.#rows.length
  }

  rows(): StoredRow[] {
    return this.#rows.map((row) => {
      const copy: Record<string, unknown> & { readonly id: string } = { ...row }
      for (const name of Object.keys(copy)) copy[name] = copyValue(copy[name])
      return copy
    })
  }

  take(): Outcome {
    return 'lost'
  }
}

/** How many rows match; where one row can tell whether it does, it is counted on. */
export class KeptCount implements Answer {
  readonly size = 1
  readonly #decidable: Condition | undefined
  #count: number

  constructor(count: number, decidable: Condition | undefined) {
    this.#count = count
    this.#decidable = decidable
  }

  get count(): number {
    return this.#count
  }

  take({ before, after }: Change): Outcome {
    const condition = this.#decidable
    if (condition === undefined) return 'lost'
    const was = before !== null && matches(condition, before)
    const is = after !== null && matches(condition, after)
    if (was === is) return 'same'
    this.#count += is ? 1 : -1
    return 'changed'
  }
}

/** Groups and their figures. */
export class KeptGroups implements Answer {
  readonly #groups: readonly (readonly unknown[])[]

  constructor(groups: readonly (readonly unknown[])[]) {
    this.#groups = groups
  }

  get size(): number {
    return this.#groups.length
  }

  groups(): unknown[][] {
    return this.#groups.map((values) => values.map(copyValue))
  }

  take(): Outcome {
    return 'lost'
  }
}
