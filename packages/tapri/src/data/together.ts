import { TapriError } from '../kit/errors.ts'
import type { Model } from './catalog.ts'
import { dataError } from './errors.ts'
import type { StoredRow } from './evaluate.ts'

/** Rows that one write makes, and its entry in the change log. */
export interface Making {
  readonly rows: readonly StoredRow[]
  readonly at: number
  readonly changes: string
}

/** Commits all of them at once, or none. Answers the position of the first entry; those of the others follow it one by one. */
export type Send = (model: Model, makings: readonly Making[]) => Promise<number>

interface Waiting {
  readonly making: Making
  readonly resolve: (position: number) => void
  readonly reject: (error: unknown) => void
}

/** While one is at work on the server, the next is put together here. */
const lanes = 2
/** A position has room for 255 in one transaction of PostgreSQL's. */
const mostTogether = 200
const mostRows = 1000
/** Signs of their entries in the log. */
const longest = 250_000
/** After one had to wait for a lock, so many milliseconds each goes by itself, and keeps nobody else waiting. */
const apart = 1000
/** Beyond these, writes wait in the line of all writes, which is bounded. */
const mostWaiting = 1000

const ofOthers = new WeakSet<object>()

/** Whether a write failed with those that it was sent with: by itself it may pass. */
export function failedTogether(error: unknown): boolean {
  return error instanceof TapriError && ofOthers.has(error)
}

/**
 * Writes of one moment that only make rows of the same model are sent to a server as one statement and one COMMIT. While
 * those before them are under way others gather, so that the more there are, the less each of them costs.
 */
export class Together {
  readonly #send: Send
  readonly #lines = new Map<Model, Waiting[]>()
  #waiting = 0
  #underWay = 0
  #isDue = false
  #apartUntil = 0

  constructor(send: Send) {
    this.#send = send
  }

  /** Whether one more has a place here, or should go by itself. */
  get isOpen(): boolean {
    return this.#waiting < mostWaiting && (this.#apartUntil === 0 || performance.now() > this.#apartUntil)
  }

  /** Ends with the position of the entry when it is committed. */
  add(model: Model, making: Making): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const line = this.#lines.get(model) ?? []
    this.#lines.set(model, line)
    line.push({ making, resolve, reject })
    this.#waiting++
    this.#later()
    return promise
  }

  /** By then all that came at the same time are there. */
  #later(): void {
    if (this.#isDue || this.#waiting === 0 || this.#underWay === lanes) return
    this.#isDue = true
    setImmediate(() => {
      this.#isDue = false
      while (this.#waiting > 0 && this.#underWay < lanes) void this.#sendNext()
    })
  }

  async #sendNext(): Promise<void> {
    const [next] = this.#lines
    if (next === undefined) return
    const [model, line] = next
    // those who wait in another line are next
    this.#lines.delete(model)
    const members = taken(line)
    if (line.length > 0) this.#lines.set(model, line)
    this.#waiting -= members.length
    this.#underWay++
    try {
      const makings = members.map(({ making }) => making)
      const first = await this.#send(model, makings)
      for (const [at, { resolve }] of members.entries()) resolve(first + at)
    } catch (error) {
      const told = this.#told(error, members, model)
      for (const { reject } of members) reject(told)
    } finally {
      this.#underWay--
      this.#later()
    }
  }

  /** Which of them was wrong, and what first, nobody knows: each is run again by itself, unless it may have been committed. */
  #told(error: unknown, members: readonly Waiting[], model: Model): unknown {
    const code = error instanceof TapriError ? error.code : ''
    const hasWaited = code === 'TAPRI_DATA_BUSY'
    if (hasWaited) this.#apartUntil = performance.now() + apart
    const mayNameNoRow = code === 'TAPRI_DATA_NOT_UNIQUE' && model.references.length > 0
    const isKnown = members.length === 1 && !hasWaited && !mayNameNoRow
    return isKnown || code === 'TAPRI_DATA_UNREACHABLE' ? error : together(error)
  }
}

function taken(line: Waiting[]): readonly Waiting[] {
  let rows = 0
  let length = 0
  const end = line.slice(0, mostTogether).findIndex(({ making }, at) => {
    rows += making.rows.length
    length += making.changes.length
    return at > 0 && (rows > mostRows || length > longest)
  })
  return line.splice(0, end === -1 ? mostTogether : end)
}

function together(cause: unknown): TapriError {
  const message = 'Cannot commit: another write of the same moment could not be committed'
  const error = dataError('TAPRI_DATA_CONFLICT', message, { cause })
  ofOthers.add(error)
  return error
}
