import { hash } from 'node:crypto'

/** A whole body as it is sent: the same body has the same tag. */
export interface Version {
  /** A weak entity tag (RFC 9110 8.8.3). */
  readonly etag: string
  /** In bytes. */
  readonly length: number
}

/** Characters of a text that is worth keeping, and not too many to keep one for every route. */
const longest = 65_536

/**
 * The versions of one route's answers. What many ask for is most often what was answered last: that text is kept, and
 * comparing it costs a tenth of what hashing and counting it does.
 */
export class Versions {
  #text = ''
  #version: Version = versionOf('')

  of(body: string | Uint8Array): Version {
    if (typeof body !== 'string' || body.length > longest) return versionOf(body)
    if (body !== this.#text) {
      this.#version = versionOf(body)
      this.#text = body
    }
    return this.#version
  }
}

function versionOf(body: string | Uint8Array): Version {
  const etag = `W/"${hash('sha1', body, 'base64url')}"`
  return { etag, length: lengthOf(body) }
}

/** In bytes, as it is sent. */
export function lengthOf(body: string | Uint8Array): number {
  return typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
}
