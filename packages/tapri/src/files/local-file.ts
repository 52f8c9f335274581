import { createWriteStream } from 'node:fs'
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Store } from './store.ts'

const prefix = 'tapri-file-'
/** Milliseconds: no work on a copy takes as long. */
const abandonedAfter = 3_600_000

let swept: Promise<void> | undefined

/** Gives bytes of a store to work that reads files: where they lie, or in a file that is there as long as the work.
 * @throws TAPRI_NOT_FOUND and what the work throws */
export async function withLocalFile<T>(
  store: Store,
  { key, signal }: { readonly key: string; readonly signal?: AbortSignal },
  work: (path: string) => Promise<T>,
): Promise<T> {
  const own = store.path?.(key)
  if (own !== undefined) return work(own)
  swept ??= sweepCopies()
  await swept
  const folder = await mkdtemp(join(tmpdir(), prefix))
  try {
    const path = join(folder, 'file')
    await pipeline(await store.get(key), createWriteStream(path), { signal })
    return await work(path)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Removes the copies that killed processes of this user have left; once in a process is enough. */
export async function sweepCopies(): Promise<void> {
  const parent = tmpdir()
  const names = await readdir(parent).catch(() => [])
  for (const name of names.filter((found) => found.startsWith(prefix))) {
    const folder = join(parent, name)
    const found = await lstat(folder).catch(() => undefined)
    if (found === undefined || !found.isDirectory() || found.uid !== process.getuid?.()) continue
    // what cannot be removed keeps nobody from work
    if (Date.now() - found.mtimeMs > abandonedAfter) await rm(folder, { recursive: true, force: true }).catch(() => {})
  }
}
