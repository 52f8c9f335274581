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
  /** Whether there may be a row though none is known: the answer to a write was lost. */
  #isInDoubt = false
  #work: Promise<void> | undefined
  /** The rows that were removed while one is being written, whose id is known only then. */
  readonly #removed = new Set<string>()
  #isWriting = false

  constructor(of: Place, db: ChannelDb) {
    this.of = of
    this.#db = db
  }

  get isWanted(): boolean {
    return this.#holders.size > 0
  }

  get isSettled(): boolean {
    return !this.#isInDoubt && this.#written?.facts === this.#wanted
  }

  /** Nobody holds it, and there is no row. */
  get isDone(): boolean {
    return !this.isWanted && this.isSettled && this.#work === undefined
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
    if (this.#isWriting) this.#removed.add(id)
    if (this.#written?.id !== id) return false
    this.#written = undefined
    return true
  }

  /** Whether there is a row is not known. */
  doubt(): void {
    this.#written = undefined
    this.#isInDoubt = true
  }

  /** Resolves when the row is as the holders want it. */
  async settle(): Promise<void> {
    while (!this.isSettled) {
      this.#work ??= this.#write().finally(() => {
        this.#work = undefined
      })
      await this.#work
    }
  }

  get #wanted(): string | undefined {
    return [...this.#holders.values()].at(-1)
  }

  /** @throws what the database refuses with; whether it was written all the same is not known then */
  async #write(): Promise<void> {
    const facts = this.#wanted
    const written = this.#written
    this.#isWriting = true
    try {
      if (facts === undefined) await this.#remove(written?.id)
      else if (written === undefined) this.#keep(await this.#create(facts), facts)
      else if ((await this.#db.tapri_members.updateWhere({ id: written.id }, { facts })) === 0) this.#written = undefined
      else this.#keep(written.id, facts)
    } catch (error) {
      this.doubt()
      throw error
    } finally {
      this.#isWriting = false
      this.#removed.clear()
    }
  }

  #keep(id: Id<'tapri_members'>, facts: string): void {
    this.#isInDoubt = false
    this.#written = this.#removed.has(id) ? undefined : { id, facts }
  }

  async #remove(id: Id<'tapri_members'> | undefined): Promise<void> {
    await this.#db.tapri_members.deleteWhere(id === undefined ? this.of : { id })
    this.#written = undefined
    this.#isInDoubt = false
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
}
