import type { IncomingHttpHeaders } from 'node:http'
import { badHeader, textOf } from './protocol.ts'

const mostBytes = 8000
const mostPairs = 50

/**
 * What a sender tells of a file beside its bytes: names with values in base64 (tus 1.0, `Upload-Metadata`).
 * @throws TAPRI_FILES_HEADER
 * @example readMetadata('filename a2l0ZXMubXA0,is_draft').get('filename') // 'kites.mp4'
 */
export function readMetadata(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  if (text.trim() === '') return found
  const pairs = text.split(',')
  if (text.length > mostBytes || pairs.length > mostPairs) {
    throw badHeader(name, text, `it may have ${mostBytes} characters and ${mostPairs} names at most`)
  }
  for (const pair of pairs) {
    const [key = '', value = '', ...rest] = pair.trim().split(' ')
    if (!/^[\x21-\x2b\x2d-\x7e]+$/.test(key) || rest.length > 0)
      throw badHeader(name, text, 'each pair is a name, a space and base64')
    if (found.has(key)) throw badHeader(name, text, `it has "${key.slice(0, 50)}" twice`)
    found.set(key, decode(value, text))
  }
  return found
}

/** The name in a `Content-Disposition` (RFC 6266), by which the IETF draft tells it; undefined when there is none. */
export function dispositionName(headers: IncomingHttpHeaders): string | undefined {
  const text = textOf(headers, 'content-disposition') ?? ''
  const extended = /;\s*filename\*\s*=\s*utf-8''([\w!#$&+\-.^`|~%]+)/i.exec(text)?.[1]
  const decoded = extended === undefined ? undefined : decodeEscapes(extended)
  if (decoded !== undefined) return decoded
  const plain = /;\s*filename\s*=\s*(?:"([^"]*)"|([^\s";]+))/i.exec(text)
  return plain?.[1] ?? plain?.[2]
}

const name = 'upload-metadata'

function decode(value: string, text: string): string {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(value)) throw badHeader(name, text, 'its values must be base64')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(value, 'base64'))
  } catch {
    throw badHeader(name, text, 'its values must be UTF-8 in base64')
  }
}

function decodeEscapes(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
