import type { ListenToSocket } from './offer.ts'

/** Marks headers that are larger, or more, than the runtime should have let through. */
export const oversized = Symbol('too large')

/** By names in small letters; those that came more than once are joined, as the Fetch standard has it. */
export type IncomingHeaders = Readonly<Record<string, string>> & { readonly [oversized]?: true }

/**
 * What the server of a runtime (Bun, Deno) tells of a request besides the request itself, each in its own way. `Facts` is what it
 * gives to its handlers with every request.
 */
export interface Runtime<Facts> {
  /** The address that this server listens at. */
  readonly hostname: string
  /** Whether an HTTP/1.1 request without a Host header reaches us, which must be refused. */
  readonly passesHostless: boolean
  /** Path and query; the whole URL of a request that names another host than its Host header. */
  target(native: Request, headers: IncomingHeaders): string
  headers(native: Request): IncomingHeaders
  /** The other side of the connection. */
  address(native: Request, facts: Facts): { readonly address: string; readonly port: number } | null
  /** Shakes hands for a WebSocket; undefined where nothing is to be answered any more.
   * @throws what the runtime does for a request that is no handshake */
  open(native: Request, facts: Facts, protocol: string, listen: ListenToSocket): Response | undefined
  /** The bytes of a file from `start` to before `end`, where the runtime sends files by itself. */
  file?(path: string, start: number, end: number): Blob
}
