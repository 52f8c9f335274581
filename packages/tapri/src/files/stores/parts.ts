import type { Readable } from 'node:stream'
import { spend } from '../spent.ts'
import type { Share } from './budget.ts'

export interface PartSizes {
  /** Bytes of each part; the last may have fewer. */
  readonly size: number
  /** Bytes of the first part, when it is to have another size. */
  readonly first?: number
  /** Has room for what is gathered; whoever takes a part gives it back. */
  readonly share: Share
}

/** Gathers what a source gives into parts. When the source fails, or there is no room for more, what came before is given first,
 * then the error thrown. */
export async function* inParts(source: Readable, { size, first = size, share }: PartSizes): AsyncGenerator<Buffer, void> {
  let chunks: Uint8Array[] = []
  let gathered = 0
  let wanted = first
  let failure: { readonly cause: unknown } | undefined
  const take = (): Buffer => {
    const part = Buffer.concat(chunks, gathered)
    for (const chunk of chunks) spend(chunk)
    chunks = []
    gathered = 0
    wanted = size
    return part
  }
  try {
    using pace = share.pace(source)
    for await (const chunk of source) {
      let bytes: Uint8Array = chunk
      pace.got(bytes.length)
      while (gathered + bytes.length >= wanted) {
        const room = wanted - gathered
        await share.take(room, source)
        chunks.push(bytes.subarray(0, room))
        gathered = wanted
        bytes = bytes.subarray(room)
        yield take()
      }
      if (bytes.length > 0) {
        await share.take(bytes.length, source)
        chunks.push(bytes)
        gathered += bytes.length
      }
      pace.waits()
    }
  } catch (cause) {
    failure = { cause }
  }
  if (gathered > 0) yield take()
  if (failure !== undefined) throw failure.cause
}
