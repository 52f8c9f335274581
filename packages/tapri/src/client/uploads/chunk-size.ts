const smallest = 64 * 1024
const largest = 32 * 1024 * 1024
/** Milliseconds that a chunk should take: long enough to fill the line, short enough that little is sent again when it breaks. */
const short = 1_000
const long = 8_000
/** After a loss a larger chunk is tried only once so many went well. */
const careful = 4

/** How much of a file is sent at once: more while the line is quick, less when it is slow or breaks. */
export class ChunkSize {
  bytes = 256 * 1024
  #needed = 1
  #quick = 0

  arrived(milliseconds: number): void {
    if (milliseconds > long) this.#become(this.bytes / 2)
    if (milliseconds >= short) return
    this.#quick++
    if (this.#quick >= this.#needed) this.#become(this.bytes * 2)
  }

  /** Also proxies that take only so much (nginx: 1 MiB unless told) are met by smaller chunks. */
  lost(): void {
    this.#needed = careful
    this.#become(this.bytes / 2)
  }

  #become(bytes: number): void {
    this.#quick = 0
    this.bytes = Math.min(largest, Math.max(smallest, Math.floor(bytes)))
  }
}
