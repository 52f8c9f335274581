import { readChange } from '../../capture/capture.ts'
import type { Pile } from '../../capture/pile.ts'
import type { Model } from '../../catalog.ts'
import type { StoredRow } from '../../evaluate.ts'
import type { Codec } from './codec.ts'
import type { Document } from './server.ts'

type Read = (document: Document) => StoredRow

/** Puts what the events of a change stream say of the models on a pile. */
export class EventReader {
  readonly #models: ReadonlyMap<string, Model>
  readonly #reads: ReadonlyMap<Model, Read>
  readonly #keepImages: (model: Model) => Promise<void>
  /** Collections that were asked to keep documents as they were, and have not been made anew since. */
  readonly #asked = new Set<Model>()

  constructor(models: readonly Model[], codec: Codec, keepImages: (model: Model) => Promise<void>) {
    this.#models = new Map(models.map((model) => [model.name, model]))
    this.#reads = new Map(models.map((model) => [model, codec.decoder(model.columns)]))
    this.#keepImages = keepImages
  }

  /** https://www.mongodb.com/docs/manual/reference/change-events/ */
  read(event: Document, pile: Pile): void {
    const model = this.#models.get(String(event.ns?.coll ?? ''))
    switch (event.operationType) {
      case 'insert':
      case 'update':
      case 'replace':
      case 'delete':
        if (model !== undefined) this.#change(model, event, pile)
        return
      case 'drop':
        this.#renew(model, pile)
        return
      case 'rename':
        this.#renew(model, pile)
        this.#renew(this.#models.get(String(event.to?.coll ?? '')), pile)
        return
      default:
        for (const each of this.#models.values()) this.#renew(each, pile)
    }
  }

  /** Where the server has not kept a document as it was, anything may have changed. */
  #change(model: Model, { operationType, fullDocument, fullDocumentBeforeChange }: Document, pile: Pile): void {
    const before = operationType === 'insert' ? null : fullDocumentBeforeChange
    const after = operationType === 'delete' ? null : fullDocument
    const isMissing = (operationType !== 'insert' && !isDocument(before)) || (operationType !== 'delete' && !isDocument(after))
    if (isMissing) {
      pile.touch(model)
      this.#askImages(model)
      return
    }
    const read = (document: unknown) => (isDocument(document) ? (this.#reads.get(model)?.(document) ?? null) : null)
    pile.add(readChange(model, () => ({ before: read(before), after: read(after) })))
  }

  #renew(model: Model | undefined, pile: Pile): void {
    if (model === undefined) return
    pile.touch(model)
    this.#asked.delete(model)
  }

  /** A collection that somebody has made anew keeps nothing until it is asked to. */
  #askImages(model: Model): void {
    if (this.#asked.has(model)) return
    this.#asked.add(model)
    this.#keepImages(model).catch(() => {
      // anything may have changed, then, with each of its events
    })
  }
}

function isDocument(value: unknown): value is Document {
  return typeof value === 'object' && value !== null
}
