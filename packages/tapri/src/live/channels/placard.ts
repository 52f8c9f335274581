import type { Id } from '../../schema/index.ts'
import type { ChannelDb } from './models.ts'
import { isCode } from './store.ts'

interface Place {
  readonly channel: string
  readonly node: string
  readonly member: string
}

/** The row that tells that a member is there, held up by its sockets: brought after what they want, one write at a time. */
export class Placard {
  readonly of: Place
  readonly #db: ChannelDb
  /** The facts that each socket gives; the last word is the last. */
  readonly #holders = new Map<object, string>()
  #written: { readonly id: Id<'tapri_members'>; readonly facts: string } | undefined
  #work: Promise<void> | undefined

  constructor(of: Place, db: ChannelDb) {
    this.of = of
    this.#db = db
  }

  get isWanted(): boolean {
    return this.#holders.size > 0
  }

  get isSettled(): boolean {
    return this.#written?.facts === this.#wanted
  }

  /** Nobody holds it, and there is no row. */
  get isDone(): boolean {
    return !this.isWanted && this.#written === undefined && this.#work === undefined
  }

  hold(holder: object, facts: string): void {
    this.#holders.delete(holder)
    this.#holders.set(holder, facts)
  }

  letGo(holder: object): void {
    this.#holders.delete(holder)
  }

  /** Somebody removed the row of this id; answers whether it was this one. */
  lost(id: string): boolean {
    if (this.#written?.id !== id) return false
    this.#written = undefined
    return true
  }

  /** Whether the row is still there is not known. */
  doubt(): void {
    this.#written = undefined
  }

  /** Resolves when the row is as the holders want it. */
  settle(): Promise<void> {
    this.#work ??= this.#write().finally(() => {
      this.#work = undefined
    })
    return this.#work
  }

  get #wanted(): string | undefined {
    return [...this.#holders.values()].at(-1)
  }

  async #write(): Promise<void> {
    while (!this.isSettled) {
      const facts = this.#wanted
      const written = this.#written
      if (facts === undefined) await this.#remove(written?.id)
      else if (written === undefined) this.#written = { id: await this.#create(facts), facts }
      else await this.#change(written.id, facts)
    }
  }

  async #remove(id: Id<'tapri_members'> | undefined): Promise<void> {
    if (id !== undefined) await this.#db.tapri_members.deleteWhere({ id })
    this.#written = undefined
  }

  async #create(facts: string): Promise<Id<'tapri_members'>> {
    try {
      return (await this.#db.tapri_members.create({ ...this.of, facts })).id
    } catch (error) {
      if (!isCode(error, 'TAPRI_DATA_NOT_UNIQUE')) throw error
      // an earlier write was done, though its answer was lost
      const row = await this.#db.tapri_members.first({ where: this.of })
      if (row === null) return this.#create(facts)
      await this.#db.tapri_members.update(row.id, { facts })
      return row.id
    }
  }

  async #change(id: Id<'tapri_members'>, facts: string): Promise<void> {
    const count = await this.#db.tapri_members.updateWhere({ id }, { facts })
    this.#written = count === 0 ? undefined : { id, facts }
  }
}
