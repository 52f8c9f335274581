/** How frames are put on a line; made by whoever knows the line. */
export interface Framing {
  frame(text: string): Buffer
  /** Compressed by itself, so that it is the same for every line (RFC 7692, no context takeover). */
  compressedFrame(text: string): Buffer
}

/** Shorter texts grow when they are compressed, or are not worth the work. */
const compressedFrom = 1024

/** A text on its way to any number of sockets: framed, and compressed, once for all of them. */
export class Outgoing {
  readonly text: string
  #frame: Buffer | undefined
  #compressed: Buffer | undefined

  constructor(text: string) {
    this.text = text
  }

  bytes(framing: Framing, compresses: boolean): Buffer {
    if (compresses && this.text.length >= compressedFrom) {
      this.#compressed ??= framing.compressedFrame(this.text)
      return this.#compressed
    }
    this.#frame ??= framing.frame(this.text)
    return this.#frame
  }
}
