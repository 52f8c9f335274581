import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/** Where things are kept between runs, outside of the repository. */
export function cacheFolder(): string {
  const given = process.env.TAPRI_SERVICES_CACHE
  if (given !== undefined && given !== '') return given
  // the unprivileged user that servers run as cannot enter the home of root
  if (process.getuid?.() === 0) return '/var/cache/tapri-services'
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tapri-services')
}

/** A folder that is made once: aside, and put in its place when whole, so that nobody finds half of it. */
export async function makeOnce(path: string, make: (folder: string) => Promise<void>): Promise<string> {
  if (existsSync(path)) return path
  const aside = `${path}.building-${process.pid}`
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  rmSync(aside, { recursive: true, force: true })
  mkdirSync(aside)
  chmodSync(aside, 0o755)
  try {
    await make(aside)
    putInPlace(aside, path)
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
  return path
}

function putInPlace(aside: string, path: string): void {
  try {
    renameSync(aside, path)
  } catch (cause) {
    // another process was first: what it made is as good
    if (!existsSync(path)) throw cause
  }
}

/** Copies a folder with owners and times; where the file system can, without copying what is in the files. */
export function copyFolder(from: string, to: string): void {
  const options = process.platform === 'linux' ? ['-a', '--reflink=auto'] : ['-a']
  execFileSync('cp', [...options, from, to], { stdio: 'ignore' })
}

/** A short name for what a thing was made from, so that another recipe makes another thing. */
export function fingerprint(recipe: string): string {
  return createHash('sha256').update(recipe).digest('hex').slice(0, 12)
}
