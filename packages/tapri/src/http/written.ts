import type { ServerResponse } from 'node:http'
import type { Head } from './heads.ts'

/** Headers that say how these very bytes are to be read: whoever sends them says it, not what ran before. */
const aboutBytes = new Set(['content-length', 'content-encoding', 'transfer-encoding'])

/** Sends the body of an answer, of so many bytes. */
export function endWith(response: ServerResponse, body: string | Uint8Array, length: number): void {
  // a text that has as many bytes as characters is ASCII, which need not be looked at again to be encoded
  if (typeof body === 'string') response.end(body, length === body.length ? 'latin1' : 'utf8')
  else response.end(body)
}

/**
 * Writes the head of an answer. Where middleware of Express has set headers of its own, each is set by itself: those stay
 * unless the handler set the same, and whoever waits for the head to be written can still read and change it.
 */
export function writeHead(response: ServerResponse, status: number, head: Head, own: Head | undefined): void {
  const names = response.getHeaderNames()
  if (names.length === 0 && !Object.hasOwn(response, 'writeHead')) {
    response.writeHead(status, head)
    return
  }
  const foreign = new Set(names)
  const chosen = new Set<string>()
  for (let index = 0; index < (own?.length ?? 0); index += 2) chosen.add(String(own?.[index]).toLowerCase())
  const begun = new Set<string>()
  for (let index = 0; index < head.length; index += 2) {
    const name = String(head[index])
    const value = head[index + 1] ?? ''
    const lower = name.toLowerCase()
    if (lower === 'vary' || lower === 'set-cookie' || begun.has(lower)) response.appendHeader(name, String(value))
    else if (!foreign.has(lower) || chosen.has(lower) || aboutBytes.has(lower)) response.setHeader(name, value)
    begun.add(lower)
  }
  response.writeHead(status)
}
