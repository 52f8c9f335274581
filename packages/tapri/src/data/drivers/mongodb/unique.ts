import type { Model } from '../../catalog.ts'
import { taken } from './failure.ts'
import type { ClientSession, Document, Server, Stored } from './server.ts'
import { asTheyAre, type Writes } from './writes.ts'

interface Parts {
  readonly server: Server
  readonly session: ClientSession
  readonly writes: Writes
  /** Sends what the transaction has written. */
  send(): Promise<void>
}

/** Asks for unique values before they are written: to be told by the server would end its transaction. */
export class UniqueKeys {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** @throws TAPRI_DATA_NOT_UNIQUE when another document has the same values in a key that is among the changed fields */
  async requireUntaken(model: Model, document: Stored, changed: Readonly<Record<string, unknown>> = document): Promise<void> {
    const { writes, send } = this.#parts
    for (const fields of model.unique) {
      const isAsked = fields.some((field) => field in changed) && fields.every((field) => (document[field] ?? null) !== null)
      if (!isAsked) continue
      if (writes.holds(model)) await send()
      const same = Object.fromEntries(fields.map((field) => [field, document[field]]))
      const options = { ...this.#options(), projection: { _id: 1 } } as const
      const other = await this.#collection(model).findOne({ ...same, _id: { $ne: document._id } }, options)
      if (other !== null) throw taken(model, fields)
    }
  }

  /** The same for some fields of a document that is there. */
  async requireChangeable(model: Model, id: string, fields: Document): Promise<void> {
    if (!model.unique.some((names) => names.some((name) => name in fields))) return
    await this.#parts.send()
    const before = await this.#collection(model).findOne({ _id: id }, { ...this.#options(), ...asTheyAre })
    if (before !== null) await this.requireUntaken(model, { ...before, ...fields }, fields)
  }

  #collection(model: Model) {
    return this.#parts.server.db.collection<Stored>(model.name)
  }

  #options() {
    const { server, session } = this.#parts
    return { session, maxTimeMS: server.longest }
  }
}
