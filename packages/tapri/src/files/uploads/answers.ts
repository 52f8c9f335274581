import type { IncomingHttpHeaders } from 'node:http'
import { checksumAlgorithms } from './checksum.ts'
import { offsetType, partialType, tusExtensions, tusVersion } from './protocol.ts'
import type { UploadState } from './tools.ts'

type Headers = Readonly<Record<string, string>>

/** What an answer tells of an upload, to senders who speak tus and to those who speak the draft. */
export function stateHeaders({ upload, offset, maxSize }: UploadState, { now }: { readonly now: number }): Headers {
  const { length, complete, expires, metadata, concat } = upload
  const left = Math.max(0, Math.floor((expires.getTime() - now) / 1000))
  return {
    'Upload-Offset': String(offset),
    'Upload-Complete': complete ? '?1' : '?0',
    ...(length === null ? { 'Upload-Defer-Length': '1' } : { 'Upload-Length': String(length) }),
    'Upload-Expires': expires.toUTCString(),
    'Upload-Limit': `max-size=${maxSize}, max-age=${left}`,
    ...(metadata !== '' && { 'Upload-Metadata': metadata }),
    ...(concat !== null && { 'Upload-Concat': concat }),
    'Cache-Control': 'no-store',
  }
}

/** What every answer about uploads says; before anything of the request is looked at. */
export function greeting(headers: IncomingHttpHeaders): Headers {
  const version = headers['tus-resumable']
  if (version === undefined) return {}
  return { 'Tus-Resumable': tusVersion, ...(version !== tusVersion && { 'Tus-Version': tusVersion }) }
}

/** What a server of uploads can do, for who asks by OPTIONS. */
export const abilities: Headers = {
  'Tus-Resumable': tusVersion,
  'Tus-Version': tusVersion,
  'Tus-Extension': tusExtensions,
  'Tus-Checksum-Algorithm': checksumAlgorithms.join(','),
  'Accept-Patch': `${offsetType}, ${partialType}`,
}
