// Files side by side: forms, resumable uploads, whole files, ranges, crowds of readers, pictures, films.
import { spawnSync } from 'node:child_process'
import { chmodSync, createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { openLoad } from './files/contest.ts'
import { downloads } from './files/downloads.ts'
import { media } from './files/media.ts'
import type { FilesPart } from './files/part.ts'
import { uploads } from './files/uploads.ts'
import { canLook } from './files/usage.ts'

const parts: readonly FilesPart[] = [uploads, downloads, media]
const mebi = 1024 * 1024

/**
 * Runs every part, one after the other; `quick` ends within a minute and sends smaller files.
 * @example const { figures } = await run({ quick: true }) // { upload_vs_busboy: 1.1, … }
 */
export async function run({ quick }: { quick: boolean }) {
  const figures: Record<string, number> = {}
  const missing: string[] = []
  const reports: string[] = []
  if (!canLook)
    return { figures, missing: ['all of it: what a process uses is read from /proc, which only Linux has'], report: '' }
  build()
  const size = (quick ? 128 : 1024) * mebi
  const home = mkdtempSync(join(tmpdir(), 'tapri-bench-files-'))
  // nginx runs as somebody else
  chmodSync(home, 0o711)
  const load = openLoad()
  try {
    await load.first
    const shared = await makeShared(home, size)
    for (const { title, measure } of parts) {
      const found = await measure({ quick, load, home, shared, size })
      Object.assign(figures, found.figures)
      missing.push(...found.missing)
      reports.push(`## ${title}\n\n${found.report}`)
    }
  } finally {
    await load.stop()
    rmSync(home, { recursive: true, force: true })
  }
  return { figures, missing, report: reports.join('\n\n') }
}

/** Makes the package as apps have it. */
function build(): void {
  const script = fileURLToPath(new URL('../scripts/build.mjs', import.meta.url))
  const { status } = spawnSync(process.execPath, [script], { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error(`Cannot measure: the package could not be built, the build ended with ${status}`)
}

/** A folder that others may read, with the file that is served out of it. */
async function makeShared(home: string, size: number): Promise<string> {
  const shared = join(home, 'shared')
  mkdirSync(shared)
  const piece = Buffer.alloc(mebi, 'Kites over the river. ')
  const pieces = Readable.from(Array.from({ length: size / mebi }, () => piece))
  await pipeline(pieces, createWriteStream(join(shared, 'film.bin')))
  return shared
}
