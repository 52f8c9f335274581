import { open } from 'node:fs/promises'

/** A rename is kept by its folder: without this a power cut could take it back. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows cannot sync a folder; NTFS keeps renames in its journal
  if (process.platform === 'win32') return
  await using handle = await open(folder, 'r')
  await handle.sync()
}
