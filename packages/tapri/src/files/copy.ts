import { TapriError } from '../kit/errors.ts'
import type { Store, Stored } from './store.ts'
import { InFlight } from './stores/in-flight.ts'

/** How much was copied. */
export interface Copied {
  readonly files: number
  readonly bytes: number
}

export interface CopyOptions {
  /** Hears of each file that was copied. */
  readonly onFile?: (key: string, stored: Stored) => void
}

/** How many files are on their way at once. */
const parallel = 4

/**
 * Puts all that one store keeps into another one. What is there already stays, as bytes under a key never change: a copy that was
 * broken off goes on where it was.
 * @example const { files } = await copyStore(await openStore('disk:data/files'), await openStore('s3:kites'))
 */
export async function copyStore(from: Store, to: Store, { onFile }: CopyOptions = {}): Promise<Copied> {
  let files = 0
  let bytes = 0
  const copies = new InFlight(parallel, () => {})
  const copy = async (key: string): Promise<void> => {
    if ((await to.stat(key)) !== undefined) return
    const stored = await copyFile(from, to, key)
    if (stored === undefined) return
    files++
    bytes += stored.size
    onFile?.(key, stored)
  }
  try {
    for await (const key of from.list()) await copies.add(() => copy(key))
    await copies.land()
  } finally {
    await copies.settle()
  }
  return { files, bytes }
}

/** Undefined when it was removed since it was listed. */
async function copyFile(from: Store, to: Store, key: string): Promise<Stored | undefined> {
  try {
    return await to.put(key, await from.get(key))
  } catch (error) {
    if (error instanceof TapriError && error.code === 'TAPRI_NOT_FOUND') return undefined
    throw error
  }
}
