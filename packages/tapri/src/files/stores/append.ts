import type { Readable } from 'node:stream'
import { notFound } from '../../kit/errors.ts'
import { appendsElsewhere } from './pieces-error.ts'
import { prepareSource } from './source.ts'

interface Appending {
  readonly key: string
  readonly offset: number
  readonly source: Readable
  readonly signal: AbortSignal | undefined
}

interface Kept<Found> {
  /** What has come of the file; undefined when there is no such file in pieces. */
  find(): Promise<Found | undefined>
  sizeOf(found: Found): number
  append(found: Found): Promise<number>
}

/** Appends where the file ends at the offset, and gives the source up after that, however it ends.
 * @throws TAPRI_NOT_FOUND, TAPRI_FILES_OFFSET, what `append` throws */
export async function appendAt<Found>(
  { key, offset, source, signal }: Appending,
  { find, sizeOf, append }: Kept<Found>,
): Promise<number> {
  try {
    prepareSource(source, signal)
    const found = await find()
    if (found === undefined) throw notFound(`No bytes are kept as "${key}"`)
    if (sizeOf(found) !== offset) throw appendsElsewhere(offset, sizeOf(found))
    return await append(found)
  } finally {
    source.destroy()
  }
}
