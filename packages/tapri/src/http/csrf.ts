import type { IncomingMessage } from 'node:http'
import { httpError } from './errors.ts'
import { isEncrypted } from './secure.ts'

export interface OriginRules {
  /** Other origins that may call, like `https://admin.example.com`. */
  readonly trustedOrigins?: readonly string[]
  /** Where this app is reached; makes the scheme count too. */
  readonly publicUrl?: string | undefined
}

/**
 * Whether a request was made by a page of ours, by one that we trust, or by no browser at all: what every
 * request that changes something, and every upgrade, must be. The order of Go 1.25's CrossOriginProtection.
 * @example if (!allowsOrigin(request, { trustedOrigins: ['https://admin.example.com'] })) socket.destroy()
 */
export function allowsOrigin(request: IncomingMessage, rules: OriginRules = {}): boolean {
  const origin = request.headers.origin
  if (origin !== undefined && rules.trustedOrigins?.includes(origin)) return true
  const site = request.headers['sec-fetch-site']
  // Browsers set it and no page can: it decides alone
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  if (origin === undefined) return true
  const from = URL.canParse(origin) ? new URL(origin) : undefined
  if (from === undefined) return false
  if (rules.publicUrl !== undefined && from.origin === new URL(rules.publicUrl).origin) return true
  return from.host === (request.headers.host ?? '').toLowerCase() && isOurScheme(from, request, rules)
}

/** @throws TAPRI_HTTP_CROSS_SITE */
export function refuseCrossSite(request: IncomingMessage, rules: OriginRules): void {
  if (allowsOrigin(request, rules)) return
  const from = request.headers.origin ?? 'another site'
  throw httpError(
    'TAPRI_HTTP_CROSS_SITE',
    `Cannot accept a ${request.method} that a page of ${from} makes: list its origin in trustedOrigins to allow it`,
  )
}

function isOurScheme(from: URL, request: IncomingMessage, rules: OriginRules): boolean {
  if (isEncrypted(request)) return from.protocol === 'https:'
  if (rules.publicUrl === undefined) return true
  const ours = new URL(rules.publicUrl)
  return from.host !== ours.host || from.protocol === ours.protocol
}
