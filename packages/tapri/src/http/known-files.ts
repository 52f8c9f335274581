import type { Stats } from 'node:fs'
import { lstat, readFile, realpath, stat } from 'node:fs/promises'
import { sep } from 'node:path'
import type { Answer } from './answer.ts'

/** A file of a folder, as it was when it was last looked at. */
export interface KnownFile {
  /** Without symlinks. */
  readonly path: string
  readonly facts: Stats
  /** All of it, where that is kept in memory: undefined for what is large, and for what has just changed. */
  bytes(): Uint8Array | undefined | Promise<Uint8Array | undefined>
  /** What is answered to who takes it as it is, once that has been made. */
  asItIs: Answer | undefined
}

interface Known extends KnownFile {
  held: Uint8Array | undefined
  isReading: boolean
}

export interface KeptFiles {
  /** Bytes of a file that is kept in memory. */
  readonly largest: number
  /** Bytes of all of them. */
  readonly most: number
  /** Milliseconds since 1970 by the clock that also marks files: that of the machine. */
  now(): number
}

const usual: KeptFiles = { largest: 262_144, most: 16_777_216, now: () => Date.now() }
/** Names that are remembered. */
const mostNames = 10_000
/** Milliseconds after a change in which another one may have the same mark of time, as file systems keep it. */
const unsettled = 2000

/**
 * The files below one folder that were asked for: where a name leads is judged once, and small files are kept in memory. Each
 * time the file is looked at all the same: what is not the very same one (RFC 9110 leaves it to us what a version is: device,
 * number, size, times of change) is judged and read anew.
 */
export class KnownFiles {
  readonly #root: string
  readonly #kept: KeptFiles
  readonly #files = new Map<string, Known>()
  #held = 0

  /** `root` has no symlinks in it. */
  constructor(root: string, kept: KeptFiles = usual) {
    this.#root = root.endsWith(sep) ? root : root + sep
    this.#kept = kept
  }

  /** Undefined when there is no such file, or when its name leads out of the folder. */
  async find(name: string): Promise<KnownFile | undefined> {
    const facts = await fileFacts(name)
    const known = this.#files.get(name)
    if (known === undefined) return facts === undefined ? undefined : this.#judge(name)
    if (facts === undefined || !isSame(known.facts, facts)) {
      this.#forget(name, known)
      return facts === undefined ? undefined : this.#judge(name)
    }
    return known
  }

  /** Resolved before it is judged: a symlink must not lead out of the folder. */
  async #judge(name: string): Promise<KnownFile | undefined> {
    const path = await realpath(name).catch(() => undefined)
    if (path === undefined || !path.startsWith(this.#root)) return undefined
    // one that has become a symlink since then would be remembered
    const facts = await lstat(path).catch(() => undefined)
    if (!facts?.isFile()) return undefined
    const bytes = () => known.held ?? (this.#isWorthKeeping(known) ? this.#read(name, known) : undefined)
    const known: Known = { path, facts, bytes, asItIs: undefined, held: undefined, isReading: false }
    if (this.#files.size < mostNames) this.#files.set(name, known)
    return known
  }

  #isWorthKeeping({ facts, isReading }: Known): boolean {
    const { largest, now } = this.#kept
    return !isReading && facts.size <= largest && now() - Math.max(facts.mtimeMs, facts.ctimeMs) > unsettled
  }

  async #read(name: string, known: Known): Promise<Uint8Array | undefined> {
    known.isReading = true
    const bytes = await readFile(known.path).catch(() => undefined)
    const facts = await fileFacts(known.path)
    known.isReading = false
    // it may have changed, or been forgotten, while it was read
    const isWhole = bytes !== undefined && facts !== undefined && isSame(known.facts, facts) && bytes.length === facts.size
    if (!isWhole || this.#files.get(name) !== known) return undefined
    known.held = bytes
    this.#held += bytes.length
    for (const [other, oldest] of this.#files) {
      if (this.#held <= this.#kept.most) break
      if (oldest.held !== undefined && oldest !== known) this.#forget(other, oldest)
    }
    return bytes
  }

  #forget(name: string, known: Known): void {
    if (this.#files.get(name) !== known) return
    this.#files.delete(name)
    this.#held -= known.held?.length ?? 0
  }
}

/** Undefined for what is no file, not there or not readable: to a caller all of these are "no such file". */
export async function fileFacts(path: string): Promise<Stats | undefined> {
  const facts = await stat(path).catch(() => undefined)
  return facts?.isFile() ? facts : undefined
}

function isSame(one: Stats, other: Stats): boolean {
  return (
    one.ino === other.ino &&
    one.dev === other.dev &&
    one.size === other.size &&
    one.mtimeMs === other.mtimeMs &&
    one.ctimeMs === other.ctimeMs
  )
}
