import { TapriError } from '../kit/errors.ts'
import type { Store } from './store.ts'

/** How much was copied. */
export interface Copied {
  readonly files: number
  readonly bytes: number
}

/**
 * Puts all that one store keeps into another one. What is there already stays: bytes under a key never change.
 * @example const { files } = await copyStore(await openDisk('data/files'), await openDisk('backups/monday/files'))
 */
export async function copyStore(from: Store, to: Store): Promise<Copied> {
  let files = 0
  let bytes = 0
  for await (const key of from.list()) {
    if ((await to.stat(key)) !== undefined) continue
    const size = await copyFile(from, to, key)
    if (size === undefined) continue
    files++
    bytes += size
  }
  return { files, bytes }
}

/** Undefined when it was removed since it was listed. */
async function copyFile(from: Store, to: Store, key: string): Promise<number | undefined> {
  try {
    return (await to.put(key, await from.get(key))).size
  } catch (error) {
    if (error instanceof TapriError && error.code === 'TAPRI_NOT_FOUND') return undefined
    throw error
  }
}
