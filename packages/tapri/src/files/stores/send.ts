import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { formatBytes } from '../../kit/measures.ts'
import { filesError } from '../errors.ts'
import type { Stored } from '../store.ts'
import { type Budget, partMemory, type Share } from './budget.ts'
import { InFlight } from './in-flight.ts'
import { inParts } from './parts.ts'
import { prepareSource } from './source.ts'

/** A part of a file on its way to a server. */
export interface Part {
  /** From 1. */
  readonly number: number
  /** Of its first byte in the file. */
  readonly offset: number
  readonly bytes: Buffer
  readonly isLast: boolean
}

/** A server that takes a file at once when it is small, and in parts otherwise. */
export interface Receiver {
  readonly partSize: number
  readonly mostParts: number
  /** How many parts may be on their way at once. */
  readonly parallel: number
  whole(bytes: Buffer, signal: AbortSignal): Promise<void>
  begin(): Promise<PartReceiver>
  /** Removes all that may have come. */
  discard(begun: PartReceiver | undefined): Promise<void>
}

export interface PartReceiver {
  send(part: Part, signal: AbortSignal): Promise<void>
  /** Makes the parts one file. */
  finish(): Promise<void>
}

/** Sends all bytes of a source or none, hashing on the way; holds `parallel` + 2 parts in memory at most, and two when
 * many others have some. */
export async function sendInParts(
  source: Readable,
  receiver: Receiver,
  { signal, memory = partMemory }: { readonly signal?: AbortSignal; readonly memory?: Budget } = {},
): Promise<Stored> {
  // one waits until it is known whether another follows
  using share = memory.share(2 * receiver.partSize, source)
  const sending = new Sending(source, receiver, { share, signal })
  try {
    return await sending.run()
  } catch (cause) {
    await sending.giveUp()
    throw cause
  }
}

interface SendingOptions {
  readonly share: Share
  readonly signal: AbortSignal | undefined
}

class Sending {
  readonly #source: Readable
  readonly #receiver: Receiver
  readonly #ending = new AbortController()
  readonly #signal: AbortSignal
  readonly #flights: InFlight
  readonly #share: Share
  #begun: PartReceiver | undefined
  #hasSent = false

  constructor(source: Readable, receiver: Receiver, { share, signal }: SendingOptions) {
    this.#source = source
    this.#receiver = receiver
    this.#share = share
    this.#signal = signal === undefined ? this.#ending.signal : AbortSignal.any([signal, this.#ending.signal])
    this.#flights = new InFlight(receiver.parallel, (cause) => source.destroy(cause instanceof Error ? cause : undefined))
    prepareSource(source, signal)
  }

  async run(): Promise<Stored> {
    const hash = createHash('sha256')
    let size = 0
    // a part is sent once another follows: the last one is told apart, and a small file is sent at once
    let held: Omit<Part, 'isLast'> | undefined
    for await (const bytes of inParts(this.#source, { size: this.#receiver.partSize, share: this.#share })) {
      if (held !== undefined) await this.#send({ ...held, isLast: false })
      held = { number: (held?.number ?? 0) + 1, offset: size, bytes }
      hash.update(bytes)
      size += bytes.length
    }
    const sha256 = hash.digest('hex')
    if (this.#begun === undefined || held === undefined) {
      this.#hasSent = true
      await this.#receiver.whole(held?.bytes ?? Buffer.alloc(0), this.#signal)
      return { size, sha256 }
    }
    await this.#send({ ...held, isLast: true })
    await this.#flights.land()
    await this.#begun.finish()
    return { size, sha256 }
  }

  async #send(part: Part): Promise<void> {
    const { mostParts, partSize } = this.#receiver
    if (part.number > mostParts) {
      const most = formatBytes(mostParts * partSize)
      const how = 'set a larger "part" in FILES_URL'
      throw filesError(
        'TAPRI_FILES_STORE',
        `Cannot store the file: it has more than the ${most} that parts of this size make, ${how}`,
      )
    }
    this.#hasSent = true
    this.#begun ??= await this.#receiver.begin()
    const begun = this.#begun
    await this.#flights.add(async () => {
      await begun.send(part, this.#signal)
      this.#share.give(part.bytes.length)
    })
  }

  async giveUp(): Promise<void> {
    this.#source.destroy()
    this.#ending.abort()
    await this.#flights.settle()
    // a server that does not answer now is swept later
    if (this.#hasSent) await this.#receiver.discard(this.#begun).catch(() => {})
  }
}
