/** Memory of one size, and how many pieces of it are kept when nobody uses them: what is let go comes back late. */
interface Kind {
  readonly size: number
  /** It is lent while no more bytes than these are out. */
  readonly until: number
  readonly kept: number
  readonly free: Buffer[]
}

const kibi = 1024
const mebi = 1024 * kibi

const kinds: readonly Kind[] = [
  { size: mebi, until: 4 * mebi, kept: 4, free: [] },
  { size: 256 * kibi, until: 8 * mebi, kept: 16, free: [] },
  { size: 64 * kibi, until: 12 * mebi, kept: 64, free: [] },
  { size: 16 * kibi, until: Number.POSITIVE_INFINITY, kept: 512, free: [] },
]

let out = 0

/**
 * Lends memory for at most so many bytes of a file, which must come back by `giveChunk`. Who reads fast gives it back at once
 * and is lent much; who reads slowly holds it all the time, so that the more of it is out, the smaller the pieces are.
 * What is in it is what was in it before.
 */
export function takeChunk(wanted: number): Buffer {
  const kind = kindFor(wanted)
  const chunk = kind === undefined ? Buffer.allocUnsafeSlow(wanted) : (kind.free.pop() ?? Buffer.allocUnsafeSlow(kind.size))
  out += chunk.length
  return chunk
}

/** Takes back a chunk that nobody looks at any more. */
export function giveChunk(chunk: Buffer): void {
  forgetChunk(chunk)
  const kind = kinds.find(({ size }) => size === chunk.length)
  if (kind !== undefined && kind.free.length < kind.kept) kind.free.push(chunk)
}

/** Does without a chunk that somebody may still look at: it is the collector's. */
export function forgetChunk(chunk: Buffer): void {
  out -= chunk.length
}

/** Bytes that are lent now. */
export function bytesLent(): number {
  return out
}

/** The largest that may be lent now, and no larger than it must be; undefined for a little, which is made to measure. */
function kindFor(wanted: number): Kind | undefined {
  let fitting: Kind | undefined
  for (const kind of kinds) {
    if (out + kind.size > kind.until) continue
    if (fitting !== undefined && kind.size < wanted) break
    fitting = kind
  }
  return fitting !== undefined && wanted <= fitting.size / 8 ? undefined : fitting
}
