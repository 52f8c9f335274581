import { wireType } from '../kit/wire.ts'

/** Names and values in turn, as `writeHead` takes them fastest. */
export type Head = (string | number)[]

export interface SecurityOptions {
  readonly production: boolean
  readonly publicUrl?: string | undefined
  /** Replaces the Content-Security-Policy of HTML pages. */
  readonly contentSecurityPolicy?: string | undefined
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
  readonly json: Head
  readonly wire: Head
  readonly text: Head
  readonly html: Head
  readonly bytes: Head
  readonly problem: Head

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
    // The same URL has two forms, so caches must look at what was accepted
    this.json = this.#sized('Content-Type', 'application/json', 'Vary', 'Accept')
    this.wire = this.#sized('Content-Type', wireType, 'Vary', 'Accept')
    this.text = this.#sized('Content-Type', 'text/plain; charset=utf-8')
    this.html = this.#sized('Content-Type', 'text/html; charset=utf-8', ...this.page)
    this.bytes = this.#sized('Content-Type', 'application/octet-stream')
    this.problem = this.#sized('Content-Type', 'application/problem+json', 'Cache-Control', 'no-store')
  }

  #sized(...own: Head): Head {
    return [...this.security, ...own, 'Content-Length', 0]
  }
}

function strictTransport(options: SecurityOptions): Head {
  const isHttps = options.publicUrl !== undefined && new URL(options.publicUrl).protocol === 'https:'
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
