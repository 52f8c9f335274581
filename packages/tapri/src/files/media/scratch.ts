import { lstat, mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Milliseconds: who works in a folder touches it far more often. */
const abandonedAfter = 3_600_000
const touchEvery = 60_000

/** The user this process runs as; on Windows each has a folder for such of their own. */
const user = process.getuid?.()
const prefix = user === undefined ? 'tapri-film-' : `tapri-film-${user}-`

/** A folder for the time of one work. */
export interface Scratch extends AsyncDisposable {
  readonly folder: string
  /** Tells that it is still worked in; call it as often as you like. */
  touch(): void
}

/** Makes one of a name that nobody knows before, which nobody else may look into. */
export async function openScratch(): Promise<Scratch> {
  const folder = await mkdtemp(join(tmpdir(), prefix))
  let touched = Date.now()
  return {
    folder,
    touch() {
      const now = Date.now()
      if (now - touched < touchEvery) return
      touched = now
      // a folder that cannot be touched is only swept sooner
      utimes(folder, new Date(now), new Date(now)).catch(() => {})
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Removes the folders that killed processes have left. */
export async function sweepScratch(): Promise<void> {
  const parent = tmpdir()
  const names = await readdir(parent).catch(() => [])
  for (const name of names.filter((each) => each.startsWith(prefix))) {
    const folder = join(parent, name)
    if (await isAbandoned(folder)) await rm(folder, { recursive: true, force: true })
  }
}

/** Other users of the machine may make something of such a name too. */
async function isAbandoned(folder: string): Promise<boolean> {
  const found = await lstat(folder).catch(() => undefined)
  if (found === undefined || !found.isDirectory() || (user !== undefined && found.uid !== user)) return false
  return Date.now() - found.mtimeMs > abandonedAfter
}
