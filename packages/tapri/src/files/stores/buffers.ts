/** Chunks of one size, and how many of them are kept when nobody uses them: memory that is let go comes back late. */
interface Kind {
  readonly size: number
  readonly kept: number
  readonly free: Buffer[]
}

const large: Kind = { size: 256 * 1024, kept: 16, free: [] }
const small: Kind = { size: 32 * 1024, kept: 1024, free: [] }
/** Readers who may have large chunks at once. */
const mostLarge = 16

let largeReaders = 0

/**
 * Memory for one who reads a file, used again once it has been sent: in large chunks for the first, which is fast, in small
 * ones for all who come beside them, as one who reads slowly holds a chunk all the time.
 */
export class Chunks {
  readonly #kind: Kind

  /** For so many bytes in all. */
  constructor(wanted: number) {
    this.#kind = wanted > small.size && largeReaders < mostLarge ? large : small
    if (this.#kind === large) largeReaders++
  }

  /** For at most so many bytes. What is in it is what was in it before. */
  take(wanted: number): Buffer {
    const { size, free } = this.#kind
    // a small file needs no whole one
    return wanted <= size / 8 ? Buffer.allocUnsafeSlow(wanted) : (free.pop() ?? Buffer.allocUnsafeSlow(size))
  }

  /** Takes back a chunk that nobody looks at any more. */
  give(chunk: Buffer): void {
    const { size, free, kept } = this.#kind
    if (chunk.length === size && free.length < kept) free.push(chunk)
  }

  /** Once, when nothing more will be taken. */
  end(): void {
    if (this.#kind === large) largeReaders--
  }
}
