import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { openDisk, type Store, type Stored } from '../files/index.ts'
import { parts } from './places.ts'

/** What is known of the files of a backup, by their keys. */
export type Digests = Map<string, Stored>

/** Adds those files of a backup that are there and not among the digests: an earlier run has copied them. */
export async function addDigests(digests: Digests, copy: Store): Promise<void> {
  for await (const key of copy.list()) if (!digests.has(key)) digests.set(key, await digestOf(copy, key))
}

/** Writes the digests beside the files, as `sha256sum -c` reads them. */
export async function writeDigests(digests: Digests, copy: Store, folder: string): Promise<void> {
  await using file = await open(join(folder, parts.digests), 'w')
  for (const key of [...digests.keys()].sort()) {
    const path = relative(folder, copy.path?.(key) ?? key)
    await file.writeFile(`${digests.get(key)?.sha256}  ${path.split(sep).join('/')}\n`)
  }
  await file.sync()
}

/** The paths of those files of a backup that are not as they were when it was made, or not there. One without digests, as they
 * were once made, has none to tell of. */
export async function damagedFiles(folder: string): Promise<readonly string[]> {
  const list = join(folder, parts.digests)
  if (!existsSync(list)) return []
  const store = await openDisk(join(folder, parts.files))
  const damaged: string[] = []
  for (const line of (await readFile(list, 'utf8')).split('\n')) {
    const [wanted, path] = line.split('  ', 2)
    if (path === undefined) continue
    const key = path.slice(path.lastIndexOf('/') + 1)
    const found = (await store.stat(key)) && (await digestOf(store, key))
    if (found?.sha256 !== wanted) damaged.push(path)
  }
  await store.close()
  return damaged
}

async function digestOf(store: Store, key: string): Promise<Stored> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of await store.get(key)) {
    const bytes: Uint8Array = chunk
    hash.update(bytes)
    size += bytes.length
  }
  return { size, sha256: hash.digest('hex') }
}
