import type { Change } from './changes.ts'
import { type Condition, never } from './condition.ts'
import { mayMatch } from './evaluate.ts'

export interface ReadEntry {
  readonly model: string
  readonly condition: Condition
}

/**
 * What was read: the conditions of every query made through a database that was given it. A change that
 * touches none of them cannot have changed an answer.
 * @example const reads = new ReadSet(); await database.asCaller(caller, { reads }).videos.find()
 */
export class ReadSet {
  readonly #conditions = new Map<string, Condition[]>()

  add(entry: ReadEntry): void {
    if (entry.condition.kind === never.kind) return
    const known = this.#conditions.get(entry.model)
    if (known === undefined) this.#conditions.set(entry.model, [entry.condition])
    else known.push(entry.condition)
    this.#addRelated(entry.condition)
  }

  /** Whether the change may have changed an answer. Where that cannot be told, it may. */
  touchedBy(change: Change): boolean {
    const conditions = this.#conditions.get(change.model)
    if (conditions === undefined) return false
    const { before, after } = change
    if (before === null && after === null) return true
    for (const condition of conditions) {
      if (before !== null && mayMatch(condition, before)) return true
      if (after !== null && mayMatch(condition, after)) return true
    }
    return false
  }

  get models(): readonly string[] {
    return [...this.#conditions.keys()]
  }

  /** A condition on another model's rows is a read of that model. */
  #addRelated(condition: Condition): void {
    if (condition.kind === 'related' || condition.kind === 'some')
      this.add({ model: condition.target.name, condition: condition.of })
    else if (condition.kind === 'all' || condition.kind === 'any') for (const part of condition.of) this.#addRelated(part)
  }
}
