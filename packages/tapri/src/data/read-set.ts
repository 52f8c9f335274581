import type { Column, Model } from './catalog.ts'
import type { Change } from './changes.ts'
import type { Condition } from './condition.ts'
import { Difference } from './interest/difference.ts'
import { type Watch, watchesOf } from './interest/watch.ts'
import type { Action } from './policy.ts'

/** One query: the rows that it was for. */
export interface ReadEntry {
  readonly model: string
  readonly condition: Condition
  /** The columns of these rows by which the answer goes: shown, ordered by, added up. A change of others alone does not touch
   * it. Undefined are all. */
  readonly columns?: ReadonlySet<string>
}

/** A rule of a policy, with whose answer rows or a field of them were opened. */
export interface AskedRule {
  readonly model: Model
  readonly action: Action
  /** Where the rule is one of a field. */
  readonly column?: Column
}

/**
 * What was read: the conditions of every query made through a database that was given it. A change that
 * touches none of them cannot have changed an answer.
 * @example const reads = new ReadSet(); await database.asCaller(caller, { reads }).videos.find()
 */
export class ReadSet {
  /** The rules of policies that said what may be read, by their names. */
  readonly rules = new Map<string, AskedRule>()
  /** It was looked what time it is: the answer is another later, though nothing is written. */
  isTimed = false
  readonly #entries: ReadEntry[] = []
  readonly #unkept: ReadEntry[] = []
  /** By their models, of the entries that were asked about so far. */
  readonly #watches = new Map<string, Watch[]>()
  #watched = 0

  /** A condition on another model's rows is a read of that model. */
  add(entry: ReadEntry, isKept = false): void {
    this.#entries.push(entry)
    if (!isKept) this.#unkept.push(entry)
  }

  /** Whether the change may have changed an answer. Where that cannot be told, it may. */
  touchedBy(change: Change): boolean {
    const watches = this.#watchesByModel().get(change.model)
    if (watches === undefined) return false
    const difference = new Difference(change)
    return watches.some(({ condition, columns }) => difference.concerns(condition, columns))
  }

  /** A rule was asked for what it opens to the caller. */
  consult(rule: AskedRule): void {
    this.rules.set(`${rule.model.name}.${rule.column?.name ?? ''}.${rule.action}`, rule)
  }

  /** As they were added; what their conditions ask of other models goes with them. */
  entries(): readonly ReadEntry[] {
    return this.#entries
  }

  /** Those that were read past what keeps reads for live queries: in transactions, or where there is none. */
  unkept(): readonly ReadEntry[] {
    return this.#unkept
  }

  get models(): readonly string[] {
    return [...this.#watchesByModel().keys()]
  }

  /** Most reads are of one run that nothing touches meanwhile: nobody asks. */
  #watchesByModel(): ReadonlyMap<string, Watch[]> {
    if (this.#watched === this.#entries.length) return this.#watches
    for (const entry of this.#entries.slice(this.#watched)) {
      for (const watch of watchesOf(entry)) {
        const known = this.#watches.get(watch.model)
        if (known === undefined) this.#watches.set(watch.model, [watch])
        else known.push(watch)
      }
    }
    this.#watched = this.#entries.length
    return this.#watches
  }
}
