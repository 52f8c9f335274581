import { wireType } from '../kit/wire.ts'

/** Names and values in turn, as `writeHead` takes them fastest. */
export type Head = (string | number)[]

export interface SecurityOptions {
  readonly production: boolean
  readonly publicUrl?: string | undefined
  /** Set when the server itself speaks TLS. */
  readonly tls?: object | undefined
  /** Replaces the Content-Security-Policy of HTML pages. */
  readonly contentSecurityPolicy?: string | undefined
  /** Whether answers are compressed for callers who accept it; true unless told. */
  readonly compress?: boolean | undefined
  /** Whose pages may read answers: those then vary with who asks. */
  readonly cors?: object | undefined
}

/** The head of answers of one kind, plain and with a place for an entity tag. */
export interface ReadyHead {
  /** Its last place takes the length. */
  readonly plain: Head
  /** Its last place takes the length, the last but two the tag. */
  readonly tagged: Head
  /** Whether such a body is worth compressing. */
  readonly compresses: boolean
}

const pagePolicy = [
  "default-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self' ws: wss:",
  "object-src 'none'",
  "base-uri 'self'",
  "frame-ancestors 'none'",
].join('; ')

/**
 * The headers that do not change from answer to answer, made once. A ready head ends with a
 * Content-Length whose value, the last place, is filled in before each use: `writeHead` keeps nothing of it.
 */
export class Heads {
  /** In front of every answer. */
  readonly security: Head
  /** Added to HTML pages. */
  readonly page: Head
  readonly json: ReadyHead
  readonly wire: ReadyHead
  readonly text: ReadyHead
  readonly html: ReadyHead
  readonly bytes: ReadyHead
  readonly problem: Head
  /** What a body that could be compressed varies with. */
  readonly vary: Head

  constructor(options: SecurityOptions) {
    this.security = [
      'X-Content-Type-Options',
      'nosniff',
      'X-Frame-Options',
      'DENY',
      'Referrer-Policy',
      'strict-origin-when-cross-origin',
      ...strictTransport(options),
    ]
    this.page = [
      'Content-Security-Policy',
      options.contentSecurityPolicy ?? pagePolicy,
      'Cross-Origin-Opener-Policy',
      'same-origin',
    ]
    const compresses = options.compress !== false
    const varies = [...(compresses ? ['Accept-Encoding'] : []), ...(options.cors === undefined ? [] : ['Origin'])]
    this.vary = varies.length === 0 ? [] : ['Vary', varies.join(', ')]
    // The same URL has two forms, so caches must look at what was accepted
    const json: Head = ['Vary', ['Accept', ...varies].join(', ')]
    this.json = this.#ready(['Content-Type', 'application/json', ...json], compresses)
    this.wire = this.#ready(['Content-Type', wireType, ...json], compresses)
    this.text = this.#ready(['Content-Type', 'text/plain; charset=utf-8', ...this.vary], compresses)
    this.html = this.#ready(['Content-Type', 'text/html; charset=utf-8', ...this.page, ...this.vary], compresses)
    this.bytes = this.#ready(['Content-Type', 'application/octet-stream'], false)
    this.problem = [
      ...this.security,
      'Content-Type',
      'application/problem+json',
      'Cache-Control',
      'no-store',
      'Content-Length',
      0,
    ]
  }

  #ready(own: Head, compresses: boolean): ReadyHead {
    const head = [...this.security, ...own]
    return {
      plain: [...head, 'Content-Length', 0],
      tagged: [...head, 'ETag', '', 'Content-Length', 0],
      compresses,
    }
  }
}

function strictTransport(options: SecurityOptions): Head {
  const isHttps = options.publicUrl === undefined ? options.tls !== undefined : new URL(options.publicUrl).protocol === 'https:'
  // Only once the app is known to be reached over TLS: a browser that has seen it never asks in the clear again
  return options.production && isHttps ? ['Strict-Transport-Security', 'max-age=31536000; includeSubDomains'] : []
}

/**
 * The first head with every header of the second put in place of its own. Several Set-Cookie stay several,
 * and what answers vary with adds up.
 */
export function mergeHeads(base: Head, over: Head): Head {
  const replaced = new Set<string>()
  for (let index = 0; index < over.length; index += 2) replaced.add(String(over[index]).toLowerCase())
  const merged: Head = []
  for (let index = 0; index < base.length; index += 2) {
    const name = base[index] ?? ''
    if (name === 'Vary' || !replaced.has(String(name).toLowerCase())) merged.push(name, base[index + 1] ?? '')
  }
  for (const part of over) merged.push(part)
  return merged
}

/** The value of a header, whatever the case of its name, which is given in small letters. */
export function headerOf(head: Head, name: string): string | undefined {
  for (let index = 0; index < head.length; index += 2) {
    if (String(head[index]).toLowerCase() === name) return String(head[index + 1])
  }
  return undefined
}
