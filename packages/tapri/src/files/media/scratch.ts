import { lstat, mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../kit/clock.ts'

/** Milliseconds: a folder that is open is touched far more often. */
const abandonedAfter = 3_600_000
const touchEvery = 60_000

/** The user this process runs as; on Windows each has a folder for such of their own. */
const user = process.getuid?.()
const prefix = user === undefined ? 'tapri-film-' : `tapri-film-${user}-`

/** A folder for the time of one work. */
export interface Scratch extends AsyncDisposable {
  readonly folder: string
}

/** Makes one of a name that nobody knows before, which nobody else may look into; it is no abandoned one for as long as it is open. */
export async function openScratch(clock: Clock): Promise<Scratch> {
  const folder = await mkdtemp(join(tmpdir(), prefix))
  let stopTouching = () => {}
  const touchLater = () => {
    stopTouching = clock.after(touchEvery, () => {
      const now = new Date()
      // a folder that cannot be touched is only swept sooner
      utimes(folder, now, now).catch(() => {})
      touchLater()
    })
  }
  touchLater()
  return {
    folder,
    async [Symbol.asyncDispose]() {
      stopTouching()
      await rm(folder, { recursive: true, force: true })
    },
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
