/** Where it is kept which uploads have begun; `localStorage` is one. */
export type UploadMemory = Pick<Storage, 'getItem' | 'setItem'>

/** A file as the next load of a page knows it again, and the upload it is. */
type Entry = readonly [file: string, id: string]

const name = 'tapri-uploads'
const most = 50

/** The uploads of files that this process has not let go of, by what they are for. */
const begun = new WeakMap<Blob, Map<string, string>>()

/** Which upload on the server has the beginning of a file, or all of it: only the server knows whether it is there still. */
export class Remembered {
  readonly #file: Blob
  readonly #place: string
  readonly #memory: UploadMemory | undefined
  readonly #release: () => void

  constructor(file: Blob, place: string, memory: UploadMemory | undefined, release: () => void) {
    this.#file = file
    this.#place = place
    this.#memory = memory
    this.#release = release
  }

  find(): string | undefined {
    return begun.get(this.#file)?.get(this.#place) ?? this.#entries().find(([file]) => file === this.#key)?.[1]
  }

  keep(id: string): void {
    const own = begun.get(this.#file) ?? new Map<string, string>()
    begun.set(this.#file, own.set(this.#place, id))
    if (this.#key !== undefined) this.#write([...this.#others(), [this.#key, id]])
  }

  forget(): void {
    begun.get(this.#file)?.delete(this.#place)
    if (this.#key !== undefined) this.#write(this.#others())
  }

  /** The upload is not in hand any more. */
  close(): void {
    this.#release()
  }

  /** Undefined for a blob: it has nothing to be known by. */
  get #key(): string | undefined {
    return keyOf(this.#file, this.#place)
  }

  #others(): readonly Entry[] {
    return this.#entries().filter(([file]) => file !== this.#key)
  }

  #entries(): readonly Entry[] {
    const kept: unknown = attempt(() => JSON.parse(this.#memory?.getItem(name) ?? '[]'))
    return Array.isArray(kept) ? kept.filter(isEntry) : []
  }

  #write(entries: readonly Entry[]): void {
    attempt(() => this.#memory?.setItem(name, JSON.stringify(entries.slice(-most))))
  }
}

/**
 * What is remembered of a file for a place; undefined for one that is on its way there at this moment, from this page or from
 * another tab: it is that one's.
 */
export async function remember(
  file: Blob,
  place: readonly string[],
  memory: UploadMemory | null | undefined,
): Promise<Remembered | undefined> {
  const where = JSON.stringify(place)
  const release = await claim(file, where)
  return release && new Remembered(file, where, memory === undefined ? pageMemory() : (memory ?? undefined), release)
}

function keyOf(file: Blob, place: string): string | undefined {
  if (!(file instanceof File)) return undefined
  return JSON.stringify([place, file.name, file.size, file.type, file.lastModified])
}

/** A page's own; where it may keep nothing, reading the name throws. */
function pageMemory(): UploadMemory | undefined {
  // in Node the mere look at it warns
  return typeof document === 'undefined' ? undefined : attempt(() => localStorage)
}

const inHand = new Set<Blob | string>()

/** Takes a file for this page and for the other tabs; the answer gives it back. */
async function claim(file: Blob, place: string): Promise<(() => void) | undefined> {
  const key = keyOf(file, place) ?? file
  if (inHand.has(key)) return undefined
  inHand.add(key)
  const unlock = typeof key === 'string' ? await lock(`${name} ${key}`) : () => {}
  if (unlock === undefined) {
    inHand.delete(key)
    return undefined
  }
  return () => {
    inHand.delete(key)
    unlock()
  }
}

function lock(name: string): Promise<(() => void) | undefined> {
  // only pages have other tabs, and only those that came by https have locks
  const locks = typeof document === 'undefined' ? undefined : navigator.locks
  return new Promise((resolve) => {
    const unlocked = () => resolve(() => {})
    if (locks === undefined) return unlocked()
    const hold = (held: Lock | null) => {
      if (held === null) return resolve(undefined)
      const { promise, resolve: unlock } = Promise.withResolvers<void>()
      resolve(unlock)
      return promise
    }
    locks.request(name, { ifAvailable: true }, hold).catch(unlocked)
  })
}

function isEntry(entry: unknown): entry is Entry {
  return Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'string'
}

/** What cannot be remembered is sent again: no reason to send nothing. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
