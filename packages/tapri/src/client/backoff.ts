const shortest = 250
const longest = 10_000
/** A connection that lived this long was well: the next loss starts from the beginning. */
const wellAfter = 5_000

/** How long to wait before connecting again: not at all after the first loss, then longer and longer. */
export class Backoff {
  #losses = 0

  /** Milliseconds to wait, after a connection that lived so long; undefined for one that could not be made. */
  next(lived: number | undefined): number {
    if (lived !== undefined && lived >= wellAfter) this.#losses = 0
    const losses = this.#losses++
    if (losses === 0 && lived !== undefined) return 0
    const wait = Math.min(longest, shortest * 2 ** Math.min(losses, 10))
    // jitter: the clients of a server that restarts must not all come at once
    return wait * (0.5 + Math.random() / 2)
  }
}
