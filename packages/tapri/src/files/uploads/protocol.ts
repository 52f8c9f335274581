import type { IncomingHttpHeaders } from 'node:http'
import { filesError } from '../errors.ts'

/** How a sender speaks of uploads: tus 1.0 (https://tus.io), or the IETF draft "Resumable Uploads for HTTP". */
export type Protocol = 'tus' | 'draft'

export const tusVersion = '1.0.0'
export const tusExtensions = 'creation,creation-with-upload,creation-defer-length,expiration,checksum,concatenation,termination'

/** Versions of the draft that are the same in all that this server says in interim answers: those of its issues 06 to 15. */
const draftVersions = new Set(['6', '7', '8', '9'])

/**
 * Which of the two a request speaks; undefined when it says nothing of uploads.
 * @throws TAPRI_FILES_TUS for another version of tus
 */
export function protocolOf(headers: IncomingHttpHeaders): Protocol | undefined {
  const version = headers['tus-resumable']
  if (version === tusVersion) return 'tus'
  if (version !== undefined) {
    throw filesError('TAPRI_FILES_TUS', `Cannot speak tus "${String(version).slice(0, 20)}": send Tus-Resumable: ${tusVersion}`)
  }
  const isDraft =
    headers['upload-complete'] !== undefined ||
    headers['upload-draft-interop-version'] !== undefined ||
    headers['content-type'] === partialType
  return isDraft ? 'draft' : undefined
}

/** Of the body of a PATCH by the draft. */
export const partialType = 'application/partial-upload'
/** Of the body of a PATCH by tus. */
export const offsetType = 'application/offset+octet-stream'

/** The version of the draft that its interim answers (104) may be sent for; undefined for none. */
export function draftVersion(headers: IncomingHttpHeaders): string | undefined {
  const version = textOf(headers, 'upload-draft-interop-version')
  return version !== undefined && draftVersions.has(version) ? version : undefined
}

/** A header that node:http does not know by its type; one that came twice is joined by a comma. */
export function textOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

/** A number of bytes; undefined when it is not there.
 * @throws TAPRI_FILES_HEADER */
export function bytesIn(headers: IncomingHttpHeaders, name: string): number | undefined {
  const text = textOf(headers, name)
  if (text === undefined) return undefined
  if (!/^\d{1,15}$/.test(text)) throw badHeader(name, text, 'it must be a whole number of bytes')
  return Number(text)
}

/** `?1` and `?0` (RFC 9651 3.3.6); undefined for anything else, as the draft wants it. */
export function booleanIn(headers: IncomingHttpHeaders, name: string): boolean | undefined {
  const text = textOf(headers, name)?.trim()
  return text === '?1' ? true : text === '?0' ? false : undefined
}

/** @throws TAPRI_FILES_HEADER always */
export function badHeader(name: string, value: string, reason: string) {
  return filesError('TAPRI_FILES_HEADER', `Cannot read ${titled(name)} "${value.slice(0, 100)}": ${reason}`)
}

function titled(name: string): string {
  return name.replaceAll(/(?:^|-)[a-z]/g, (letter) => letter.toUpperCase())
}
