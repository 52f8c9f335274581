import type { Model } from '../../catalog.ts'
import type { StoredRow } from '../../evaluate.ts'
import { commandError, translateWrite } from './failure.ts'
import type { ClientSession, Document, Server, Stored } from './server.ts'

/** Leaves values as the package reads them, so that they can be written back as what they were. */
export const asTheyAre = { promoteValues: false, promoteLongs: false } as const

interface Entry {
  readonly model: Model
  readonly id: string
  /** A whole new document, or fields to set. */
  readonly fields: Document
  readonly isNew: boolean
  /** Whether nobody goes back behind it any more. */
  isFinal: boolean
  isSent: boolean
  /** What an update that was sent has changed. */
  before: Stored | null
}

/** So many rows are remembered at most. */
const mostRows = 1000

/**
 * What one transaction of the server knows and has still to tell. Nobody else changes what it sees, so a row that was read
 * by its id is read once; and writes are sent together when a read depends on them, or at COMMIT.
 */
export class Writes {
  readonly #server: Server
  readonly #session: ClientSession
  readonly #rows = new Map<string, { readonly row: StoredRow | undefined }>()
  #entries: Entry[] = []

  constructor(server: Server, session: ClientSession) {
    this.#server = server
    this.#session = session
  }

  /** The row as it was read before; a row that was found missing is known too. */
  known(model: Model, id: string): { readonly row: StoredRow | undefined } | undefined {
    return this.#rows.get(keyOf(model, id))
  }

  know(model: Model, id: string, row: StoredRow | undefined): void {
    if (this.#rows.size >= mostRows) this.#rows.clear()
    this.#rows.set(keyOf(model, id), { row })
  }

  forget(model: Model, ids: readonly string[]): void {
    for (const id of ids) this.#rows.delete(keyOf(model, id))
  }

  forgetAll(): void {
    this.#rows.clear()
  }

  /** Whether something of the model is not sent yet: of one row, or of any. */
  holds(model: Model, id?: string): boolean {
    return this.#entries.some((entry) => entry.model === model && (id === undefined || entry.id === id))
  }

  /** Answers how to undo it. */
  insert(model: Model, document: Stored): () => Promise<void> {
    return this.#hold(model, String(document._id), document, true)
  }

  update(model: Model, id: string, fields: Document): () => Promise<void> {
    return this.#hold(model, id, fields, false)
  }

  /** What was written up to now is not undone any more. */
  settle(): void {
    for (const entry of this.#entries) entry.isFinal = true
  }

  /** @throws TAPRI_DATA_NOT_UNIQUE, and other errors of the server, which have ended its transaction */
  async send(): Promise<void> {
    const entries = this.#entries
    this.#entries = []
    const models = new Set(entries.map(({ model }) => model))
    for (const model of models) {
      try {
        await this.#sendTo(
          model,
          entries.filter((entry) => entry.model === model),
        )
      } catch (cause) {
        throw translateWrite(commandError(cause), model)
      }
    }
  }

  #hold(model: Model, id: string, fields: Document, isNew: boolean): () => Promise<void> {
    const entry: Entry = { model, id, fields, isNew, isFinal: false, isSent: false, before: null }
    this.#entries.push(entry)
    this.forget(model, [id])
    return () => this.#undo(entry)
  }

  async #sendTo(model: Model, entries: readonly Entry[]): Promise<void> {
    let together: Entry[] = []
    for (const entry of entries) {
      entry.isSent = true
      if (entry.isNew || entry.isFinal) {
        together.push(entry)
        continue
      }
      await this.#sendTogether(model, together)
      together = []
      const { id, fields } = entry
      const options = { ...this.#options(), ...asTheyAre, returnDocument: 'before' } as const
      entry.before = await this.#collection(model).findOneAndUpdate({ _id: id }, { $set: fields }, options)
    }
    await this.#sendTogether(model, together)
  }

  async #sendTogether(model: Model, entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return
    const operations = entries.map(({ id, fields, isNew }) =>
      isNew
        ? { insertOne: { document: { ...fields, _id: id } } }
        : { updateOne: { filter: { _id: id }, update: { $set: fields } } },
    )
    await this.#collection(model).bulkWrite(operations, { ...this.#options(), ordered: true })
  }

  async #undo(entry: Entry): Promise<void> {
    const { model, id, isNew, before } = entry
    this.forget(model, [id])
    if (!entry.isSent) this.#entries = this.#entries.filter((each) => each !== entry)
    else if (isNew) await this.#collection(model).deleteOne({ _id: id }, this.#options())
    else if (before !== null) await this.#collection(model).replaceOne({ _id: id }, before, this.#options())
  }

  #collection(model: Model) {
    return this.#server.db.collection<Stored>(model.name)
  }

  #options() {
    return { session: this.#session, maxTimeMS: this.#server.longest }
  }
}

function keyOf(model: Model, id: string): string {
  return `${model.name} ${id}`
}
