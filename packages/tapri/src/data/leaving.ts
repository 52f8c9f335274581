import { requireWaiting } from './aborted.ts'
import type { Model } from './catalog.ts'
import type { Condition } from './condition.ts'
import type { Reader, Select } from './driver.ts'
import type { StoredRow } from './evaluate.ts'

type Groups = NonNullable<Reader['groups']>
type ReadRaw = NonNullable<Reader['raw']>

/** The reader for somebody who may leave: what it reads is ended then, and says so.
 * @example readerUntil(driver.reader, context.signal) */
export function readerUntil(reader: Reader, signal: AbortSignal): Reader {
  return new LeavingReader(reader, signal)
}

class LeavingReader implements Reader {
  readonly groups?: Groups
  readonly raw?: ReadRaw
  readonly #reader: Reader
  readonly #signal: AbortSignal

  constructor(reader: Reader, signal: AbortSignal) {
    this.#reader = reader
    this.#signal = signal
    const groups = reader.groups?.bind(reader)
    const raw = reader.raw?.bind(reader)
    if (groups !== undefined) this.groups = (grouping) => this.#told(groups(grouping, signal))
    if (raw !== undefined) this.raw = (work) => this.#told(raw(work, signal))
  }

  row(model: Model, id: string): Promise<StoredRow | undefined> {
    return this.#told(this.#reader.row(model, id, this.#signal))
  }

  select(query: Select): Promise<StoredRow[]> {
    return this.#told(this.#reader.select(query, this.#signal))
  }

  count(model: Model, condition: Condition): Promise<number> {
    return this.#told(this.#reader.count(model, condition, this.#signal))
  }

  /** Databases have words of their own for what they were made to end.
   * @throws TAPRI_DATA_ABORTED */
  async #told<T>(read: Promise<T>): Promise<T> {
    try {
      return await read
    } catch (error) {
      requireWaiting(this.#signal)
      throw error
    }
  }
}
