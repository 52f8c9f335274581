import { createHash, type Hash } from 'node:crypto'

interface Running {
  readonly hash: Hash
  size: number
}

const most = 1000

/** SHA-256 of files that come in pieces, as long as all of them come to this process and in order; the oldest are forgotten. */
export class Digests {
  readonly #running = new Map<string, Running>()

  /** Sees the pieces from an offset on; undefined when this process has not seen what comes before it. */
  from(upload: string, offset: number): ((chunk: Uint8Array) => void) | undefined {
    const running = offset === 0 ? { hash: createHash('sha256'), size: 0 } : this.#running.get(upload)
    this.#running.delete(upload)
    if (running?.size !== offset) return undefined
    this.#running.set(upload, running)
    this.#forgetOldest()
    return (chunk) => {
      running.hash.update(chunk)
      running.size += chunk.length
    }
  }

  /** So much is kept: when it is less than was seen, the rest will come again. */
  kept(upload: string, size: number | undefined): void {
    if (this.#running.get(upload)?.size !== size) this.#running.delete(upload)
  }

  /** Of the whole file, in hexadecimal; undefined when this process has not seen all of it. */
  take(upload: string, size: number): string | undefined {
    const running = this.#running.get(upload)
    this.#running.delete(upload)
    return running?.size === size ? running.hash.digest('hex') : undefined
  }

  #forgetOldest(): void {
    if (this.#running.size <= most) return
    for (const upload of this.#running.keys()) {
      this.#running.delete(upload)
      return
    }
  }
}
