import type { Model } from '../catalog.ts'
import type { Condition } from '../condition.ts'
import type { Raw, Select, Transaction } from '../driver.ts'
import { dataError } from '../errors.ts'
import type { StoredRow } from '../evaluate.ts'
import type { Grouping } from '../figures.ts'
import type { Together } from '../together.ts'

interface Trim {
  readonly kept: number
  readonly before: number
}

export interface BriefOptions {
  readonly together: Together
  /** Begins a transaction that may do anything. */
  begin(): Promise<Begun>
  /** Lets the log forget, outside of any transaction. */
  trim(trim: Trim): Promise<void>
}
/** What servers can do in their transactions. */
export type Begun = Transaction & Required<Pick<Transaction, 'groups' | 'raw' | 'rawWrite' | 'cancel'>>

const mostHeld = 500

/**
 * One write of the data room. As long as it only makes rows of one model nothing is asked of the server: at the end they go
 * out together with what others make at the same moment. For anything else it begins a transaction of its own.
 */
export class BriefTransaction implements Transaction {
  readonly keepsReferences = true
  readonly #options: BriefOptions
  readonly #rows: StoredRow[] = []
  #model: Model | undefined
  #begun: Promise<Begun> | undefined
  #trim: Trim | undefined
  #isOpen = true

  constructor(options: BriefOptions) {
    this.#options = options
  }

  get isHeld(): boolean {
    return this.#begun === undefined && this.#model !== undefined && this.#options.together.isOpen
  }

  async row(model: Model, id: string): Promise<StoredRow | undefined> {
    return (await this.#begin()).row(model, id)
  }

  async lock(model: Model, id: string): Promise<StoredRow | undefined> {
    return (await this.#begin()).lock(model, id)
  }

  async select(query: Select): Promise<StoredRow[]> {
    return (await this.#begin()).select(query)
  }

  async count(model: Model, condition: Condition): Promise<number> {
    return (await this.#begin()).count(model, condition)
  }

  async groups(grouping: Grouping): Promise<unknown[][]> {
    return (await this.#begin()).groups(grouping)
  }

  async raw<T>(work: (raw: Raw) => Promise<T>): Promise<T> {
    return (await this.#begin()).raw(work)
  }

  async rawWrite<T>(work: (raw: Raw) => Promise<T>): Promise<T> {
    return (await this.#begin()).rawWrite(work)
  }

  async insert(model: Model, row: StoredRow): Promise<void> {
    this.#requireOpen()
    this.#model ??= model
    const isHeld = this.#begun === undefined && this.#model === model && this.#rows.length < mostHeld
    if (isHeld) this.#rows.push(row)
    else await (await this.#begin()).insert(model, row)
  }

  async update(model: Model, id: string, values: Readonly<Record<string, unknown>>): Promise<void> {
    await (await this.#begin()).update(model, id, values)
  }

  async delete(model: Model, ids: readonly string[]): Promise<void> {
    await (await this.#begin()).delete(model, ids)
  }

  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    return (await this.#begin()).savepoint(work)
  }

  async appendChanges(at: number, changes: string): Promise<number> {
    const model = this.#model
    if (model === undefined || !this.isHeld) return (await this.#begin()).appendChanges(at, changes)
    this.#requireOpen()
    this.#isOpen = false
    return this.#options.together.add(model, { rows: this.#rows, at, changes })
  }

  async trimChanges(kept: number, before: number): Promise<void> {
    this.#trim = { kept, before }
  }

  async cancel(): Promise<void> {
    await (await this.#begun)?.cancel()
  }

  async commit(): Promise<void> {
    const begun = await this.#begun
    if (begun !== undefined) {
      if (this.#trim !== undefined) await begun.trimChanges(this.#trim.kept, this.#trim.before)
      return begun.commit()
    }
    this.#isOpen = false
    if (this.#trim !== undefined) await this.#options.trim(this.#trim)
  }

  async rollback(): Promise<void> {
    this.#isOpen = false
    // what could not begin has nothing to undo
    const begun = await this.#begun?.catch(() => undefined)
    await begun?.rollback()
  }

  #begin(): Promise<Begun> {
    this.#begun ??= this.#replayed()
    return this.#begun
  }

  async #replayed(): Promise<Begun> {
    this.#requireOpen()
    const begun = await this.#options.begin()
    const model = this.#model
    if (model === undefined) return begun
    try {
      for (const row of this.#rows) await begun.insert(model, row)
      return begun
    } catch (error) {
      // nobody else has it to end it
      await begun.rollback()
      throw error
    }
  }

  #requireOpen(): void {
    if (!this.#isOpen) throw dataError('TAPRI_DATA_TRANSACTION', 'Cannot go on in a transaction that has ended')
  }
}
