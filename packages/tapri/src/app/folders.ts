import { existsSync } from 'node:fs'
import type { Log } from '../observe/index.ts'
import type { Folder } from './types.ts'

/** While an interface is being made its folder may not be built yet; in production a missing one is refused by http. */
export function foldersThere(folders: Readonly<Record<string, Folder>>, production: boolean, log: Log) {
  if (production) return folders
  return Object.fromEntries(
    Object.entries(folders).filter(([path, { from }]) => {
      const isThere = existsSync(from)
      if (!isThere) log.info(`Serving nothing at "${path}": there is no folder "${from}" yet`)
      return isThere
    }),
  )
}
