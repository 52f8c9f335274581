import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { needsWriting, root, runNode, say, Trouble } from './bootstrap.mjs'

export const videotube = join(root, 'examples', 'videotube')
const built = join(videotube, 'web', 'dist', 'index.html')
const stamp = join(root, 'node_modules', '.cache', 'videotube-web')

/** What the built interface is made of. */
const sources = [
  join(videotube, 'web'),
  join(videotube, 'src'),
  join(root, 'packages', 'tapri', 'src', 'client'),
  join(root, 'packages', 'tapri', 'src', 'kit'),
  join(root, 'package-lock.json'),
]

/** Builds VideoTube's web interface unless what is built comes from these very sources. */
export async function buildWeb() {
  const hash = hashOf(sources)
  if (existsSync(built) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return
  needsWriting(dirname(dirname(built)))
  needsWriting(dirname(stamp))
  say('Building the web interface …')
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  // stdout stays free for results
  const options = { cwd: videotube, stdio: ['ignore', process.stderr, process.stderr] }
  const code = await runNode(vite, ['build', 'web', '--logLevel', 'warn'], {}, options)
  if (code !== 0) throw new Trouble(`Cannot build the web interface: vite ended with ${code}, its words are above`)
  writeFileSync(stamp, hash)
}

/** One hash over the names and contents of files and folders, whatever order the disk lists them in. */
export function hashOf(places) {
  const hash = createHash('sha256')
  for (const path of places.flatMap(filesOf).sort()) {
    hash
      .update(`${relative(root, path)}\0`)
      .update(readFileSync(path))
      .update('\0')
  }
  return hash.digest('hex')
}

/** Every file at or below a path, without what is installed or built. */
export function filesOf(path) {
  if (!existsSync(path)) return []
  if (statSync(path).isFile()) return [path]
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.name !== 'node_modules' && entry.name !== 'dist')
    .flatMap((entry) => filesOf(join(path, entry.name)))
}
