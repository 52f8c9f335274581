import { existsSync, realpathSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join, resolve } from 'node:path'
import type { Answer } from './answer.ts'
import { httpError } from './errors.ts'
import { fileAnswer } from './file.ts'
import { KnownFiles } from './known-files.ts'
import { pathSegments } from './path.ts'
import { staticSteps } from './pattern.ts'

/** A folder of files to serve. */
export interface Folder {
  /** Relative to the working directory. */
  readonly from: string
  /** A file of the folder, answered to a page request that no file matches. */
  readonly fallback?: string
}

interface Mount {
  readonly steps: readonly string[]
  readonly files: KnownFiles
  readonly root: string
  readonly fallback: string | undefined
}

/** Serves files below paths. `apiPrefix` names the paths that never get a fallback page. */
export class Folders {
  readonly #mounts: readonly Mount[]
  readonly #api: readonly string[]

  /** @throws TAPRI_HTTP_FOLDER when a folder or its fallback is not there */
  constructor(folders: Readonly<Record<string, Folder>>, apiPrefix: string) {
    this.#api = apiPrefix === '' ? [] : staticSteps(apiPrefix)
    // The deepest path first: it is the most exact
    this.#mounts = Object.entries(folders)
      .map(([path, folder]) => openMount(path, folder))
      .sort((one, other) => other.steps.length - one.steps.length)
  }

  /** Whether a folder is served at this path or above it.
   * @throws TAPRI_HTTP_PATH */
  isBelow(path: string): boolean {
    if (this.#mounts.length === 0) return false
    const segments = pathSegments(path)
    return this.#mounts.some(({ steps }) => startsWith(segments, steps))
  }

  /** The file that a GET or HEAD asks for; undefined when there is none.
   * @throws TAPRI_HTTP_PATH */
  async find(request: IncomingMessage, path: string): Promise<Answer | undefined> {
    const segments = pathSegments(path)
    for (const mount of this.#mounts) {
      if (!startsWith(segments, mount.steps)) continue
      const below = segments.slice(mount.steps.length)
      const answer = await fileIn(mount, below, request)
      if (answer !== undefined) return answer
      if (mount.fallback !== undefined && this.#isPage(request, segments)) {
        return fileAnswer(mount.fallback, { headers: { 'Cache-Control': 'no-cache' }, request })
      }
    }
    return undefined
  }

  #isPage(request: IncomingMessage, segments: readonly string[]): boolean {
    if (this.#api.length > 0 && startsWith(segments, this.#api)) return false
    const hasExtension = /\.[A-Za-z0-9]+$/.test(segments.at(-1) ?? '')
    return !hasExtension && (request.headers.accept ?? '').includes('text/html')
  }
}

function openMount(path: string, folder: Folder): Mount {
  const from = resolve(folder.from)
  if (!existsSync(from))
    throw httpError('TAPRI_HTTP_FOLDER', `Cannot serve "${path}" from "${folder.from}": there is no such folder`)
  const root = realpathSync(from)
  const fallback = folder.fallback === undefined ? undefined : join(root, folder.fallback)
  if (fallback !== undefined && !existsSync(fallback)) {
    throw httpError('TAPRI_HTTP_FOLDER', `Cannot serve "${path}": its fallback "${folder.fallback}" is not in "${folder.from}"`)
  }
  return { steps: staticSteps(path), files: new KnownFiles(root), root, fallback }
}

function startsWith(segments: readonly string[], steps: readonly string[]): boolean {
  return steps.every((step, index) => segments[index] === step)
}

async function fileIn(
  { files, root }: Mount,
  segments: readonly string[],
  request: IncomingMessage,
): Promise<Answer | undefined> {
  // "/" and "/guide/" end with an empty segment: the index of that folder
  const names = segments.at(-1) === '' || segments.length === 0 ? [...segments.slice(0, -1), 'index.html'] : segments
  if (!names.every(isPublicName)) return undefined
  const known = await files.find(join(root, ...names))
  // a folder without its slash, a socket: no file, so the search goes on
  if (known === undefined) return undefined
  const isAsItIs = request.headers['accept-encoding'] === undefined
  if (isAsItIs && known.asItIs !== undefined) return known.asItIs
  const answer = await fileAnswer(known.path, { headers: { 'Cache-Control': cachingOf(names.at(-1) ?? '') }, request, known })
  if (isAsItIs) known.asItIs = answer
  return answer
}

/** One name in one folder, nothing hidden (`.env`, `.git`), `.well-known` (RFC 8615) apart. */
function isPublicName(name: string): boolean {
  if (name === '' || /[/\\:]/.test(name)) return false
  return !name.startsWith('.') || name === '.well-known'
}

/** Build tools put a hash of the content into names, like `index-BfR9x1A2.js`: such a file never changes. */
function cachingOf(name: string): string {
  const hash = /[-.]([A-Za-z0-9_-]{8})\.[a-z0-9]+$/.exec(name)?.[1] ?? ''
  const isHash = /[A-Za-z]/.test(hash) && (/\d/.test(hash) || /[A-Z].*[A-Z]/.test(hash))
  return isHash ? 'public, max-age=31536000, immutable' : 'no-cache'
}
