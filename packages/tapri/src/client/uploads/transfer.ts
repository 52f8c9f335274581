import type { Clock } from '../../kit/clock.ts'
import { TapriError } from '../../kit/errors.ts'
import { clientError } from '../errors.ts'
import { ChunkSize } from './chunk-size.ts'
import type { Remembered } from './memory.ts'
import { Stall } from './stall.ts'
import type { UploadPlace, UploadWire } from './wire.ts'

/** What is sent, where to, and how. */
export interface Consignment {
  readonly file: Blob
  readonly place: UploadPlace
  readonly wire: UploadWire
  readonly clock: Clock
}

interface Listener {
  /** So many bytes have left. */
  onSent(sent: number): void
  /** More bytes have arrived for certain. */
  onGain(): void
}

/** A server that loses an upload more often than this is not asked again. */
const mostBeginnings = 3

/** Brings the bytes of one file to the server, as far as the line carries; called again, it goes on from there. */
export class Transfer {
  /** Names the upload on the server, once it has begun. */
  id: string | undefined
  readonly #what: Consignment
  readonly #listener: Listener
  readonly #chunk = new ChunkSize()
  #beginnings = 0

  constructor(what: Consignment, listener: Listener) {
    this.#what = what
    this.#listener = listener
  }

  /** For people. */
  get name(): string {
    const { file, place } = this.#what
    return file instanceof File ? `"${file.name}"` : place.field
  }

  /** Sends what has not arrived; answers the id of the upload when all has.
   * @throws LostPlace when it may go on from another place, what the server refuses with, TAPRI_CLIENT_INPUT */
  async goOn(remembered: Remembered | undefined, signal: AbortSignal): Promise<string> {
    const begun = await this.#find(remembered, signal)
    this.#listener.onSent(begun.sent)
    for (let { sent } = begun; sent < this.#what.file.size; ) {
      sent = await this.#sendPiece(begun.id, sent, signal)
      this.#listener.onSent(sent)
      this.#listener.onGain()
    }
    return begun.id
  }

  /** Where it stands: asked of the server, which may have kept what was sent before it was lost. */
  async #find(remembered: Remembered | undefined, signal: AbortSignal): Promise<{ id: string; sent: number }> {
    const { wire, file, place } = this.#what
    const known = this.id ?? remembered?.find()
    const sent = known === undefined ? undefined : await wire.offset(known, file.size, signal)
    if (known !== undefined && sent !== undefined) {
      this.id = known
      return { id: known, sent }
    }
    if (this.#beginnings === mostBeginnings) {
      throw clientError('TAPRI_CLIENT_ANSWER', `Cannot upload ${this.name}: the server has lost it ${mostBeginnings} times`)
    }
    this.id = undefined
    const id = await wire.create(file, place, signal)
    this.#beginnings++
    this.id = id
    remembered?.keep(id)
    return { id, sent: 0 }
  }

  async #sendPiece(id: string, from: number, signal: AbortSignal): Promise<number> {
    const { wire, clock, file } = this.#what
    const bytes = await this.#read(from)
    const stall = new Stall(clock)
    const onProgress = ({ sent }: { readonly sent: number }) => {
      stall.reset()
      this.#listener.onSent(from + sent)
    }
    const began = clock.now()
    try {
      const arrived = await wire.append(id, from, bytes, { onProgress, signal: AbortSignal.any([signal, stall.signal]) })
      // the last piece says nothing of how quick larger ones are
      if (arrived < file.size) this.#chunk.arrived(clock.now() - began)
      return arrived
    } catch (cause) {
      if (signal.aborted) throw cause
      this.#chunk.lost()
      throw isElsewhere(cause) ? new LostPlace('Where the upload stands is to be asked', { cause }) : cause
    } finally {
      stall.end()
    }
  }

  async #read(from: number): Promise<ArrayBuffer> {
    try {
      return await this.#what.file.slice(from, from + this.#chunk.bytes).arrayBuffer()
    } catch (cause) {
      const message = `Cannot read ${this.name}: it was changed or removed since it was chosen; choose it again`
      throw clientError('TAPRI_CLIENT_INPUT', message, { cause })
    }
  }
}

/** Client and server are not of one mind about where the upload stands; its cause is what the server said. */
export class LostPlace extends Error {}

/** There is no such upload any more, it stands elsewhere, another request works on it, or its bytes changed on their way. */
const elsewhere = new Set([404, 409, 410, 423, 460])

function isElsewhere(error: unknown): boolean {
  if (!(error instanceof TapriError)) return false
  // proxies refuse large bodies with pages of their own; what the field allows, the server says in a problem document
  const isTooMuch = error.code === 'TAPRI_CLIENT_ANSWER' && error.status === 413
  return isTooMuch || elsewhere.has(error.status)
}
