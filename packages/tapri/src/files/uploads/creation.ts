import { announcesBody, type ServedRoute } from '../../http/index.ts'
import { invalid } from '../../kit/errors.ts'
import { formatBytes } from '../../kit/measures.ts'
import { fieldsOf } from '../../schema/index.ts'
import { filesError } from '../errors.ts'
import { cleanName } from '../names.ts'
import { digestIn } from './checksum.ts'
import { dispositionName, readMetadata } from './metadata.ts'
import { badHeader, booleanIn, bytesIn, offsetType, type Protocol, protocolOf, textOf } from './protocol.ts'
import type { Asking, FileFacts, RouteBook } from './tools.ts'

/** What a request to begin an upload asks for. */
export interface Creation {
  readonly protocol: Protocol
  readonly kind: 'pieces' | 'part' | 'direct'
  /** The names of the uploads that it is joined of. */
  readonly parts: readonly string[]
  /** That it is joined, or a part, as the sender wrote it. */
  readonly concat: string | undefined
  readonly name: string
  readonly claimed: string
  readonly length: number | undefined
  readonly metadata: string
  readonly digest: string | undefined
  readonly route: string
  readonly field: string
  /** There are bytes in the request. */
  readonly hasBody: boolean
}

/** @throws TAPRI_FILES_TUS, TAPRI_FILES_HEADER, TAPRI_FILES_LENGTH, TAPRI_INVALID */
export function readCreation(
  { headers, body: request }: Asking,
  query: { readonly route?: string; readonly field?: string },
): Creation {
  const protocol = protocolOf(headers)
  if (protocol === undefined) {
    throw filesError(
      'TAPRI_FILES_HEADER',
      'Cannot begin an upload: send Tus-Resumable: 1.0.0, or Upload-Complete by the IETF draft',
    )
  }
  const metadata = textOf(headers, 'upload-metadata') ?? ''
  const told = readMetadata(metadata)
  const concat = textOf(headers, 'upload-concat')
  const { kind, parts } = readConcat(concat)
  const isDirect = textOf(headers, 'tapri-direct') === 'true'
  const hasBody = announcesBody(request, headers)
  if (protocol === 'tus' && hasBody && headers['content-type'] !== offsetType) throw wrongType(offsetType)
  const length = parts.length > 0 ? undefined : protocol === 'tus' ? tusLength(headers) : draftLength(headers)
  if (isDirect && length === undefined) {
    throw filesError('TAPRI_FILES_HEADER', 'Cannot begin a direct upload without its length: send Upload-Length')
  }
  const name = told.get('filename') ?? told.get('name') ?? dispositionName(headers) ?? 'file'
  const type = told.get('filetype') ?? told.get('type') ?? (protocol === 'draft' ? headers['content-type'] : undefined)
  return {
    protocol,
    kind: isDirect ? 'direct' : kind,
    parts,
    concat,
    name: cleanName(name),
    claimed: claimedType(type),
    length,
    metadata,
    digest: digestIn(headers, 'repr-digest')?.digest.toString('hex'),
    ...placeOf(told.get('route') ?? query.route, told.get('field') ?? query.field),
    hasBody,
  }
}

/** The file field of a route that an upload is for, which says what it may be.
 * @throws TAPRI_INVALID */
export function targetOf(
  routes: RouteBook,
  place: { readonly route: string; readonly field: string },
): {
  readonly route: ServedRoute
  readonly facts: FileFacts
} {
  const route = routes.find(place.route)
  if (route === undefined)
    throw invalid([{ path: ['route'], message: `must name a route, "${place.route.slice(0, 100)}" is none` }], 'upload')
  const fields = fieldsOf(route.spec.body)
  const facts = Object.hasOwn(fields, place.field) ? fields[place.field]?.['~field'] : undefined
  if (facts?.kind === 'file') return { route, facts }
  throw invalid([{ path: ['field'], message: `must name a file field in the body of ${route.name}` }], 'upload')
}

/** @throws TAPRI_FILES_TOO_LARGE, TAPRI_INVALID */
export function requireLength(length: number, field: string, { maxSize }: FileFacts): void {
  if (length > maxSize) throw tooLarge(field, maxSize)
  if (length === 0) throw invalid([{ path: [field], message: 'must not be an empty file' }], 'upload')
}

export function tooLarge(field: string, maxSize: number) {
  return filesError(
    'TAPRI_FILES_TOO_LARGE',
    `Cannot accept the upload as ${field}: it is larger than the ${formatBytes(maxSize)} that ${field} allows`,
    {
      facts: { field, maxSize },
    },
  )
}

export function wrongType(type: string) {
  return filesError('TAPRI_FILES_UPLOAD_TYPE', `Cannot read the body of this request: its Content-Type must be ${type}`)
}

function tusLength(headers: Asking['headers']): number | undefined {
  const length = bytesIn(headers, 'upload-length')
  const deferred = textOf(headers, 'upload-defer-length')
  if (deferred !== undefined && (deferred !== '1' || length !== undefined)) {
    throw badHeader('upload-defer-length', deferred, 'it is 1, and not there with Upload-Length')
  }
  if (length === undefined && deferred === undefined) {
    throw filesError(
      'TAPRI_FILES_HEADER',
      'Cannot begin an upload without its length: send Upload-Length, or Upload-Defer-Length: 1',
    )
  }
  return length
}

function draftLength(headers: Asking['headers']): number | undefined {
  const complete = booleanIn(headers, 'upload-complete')
  if (complete === undefined) throw filesError('TAPRI_FILES_HEADER', 'Cannot begin an upload: Upload-Complete must be ?1 or ?0')
  const length = bytesIn(headers, 'upload-length')
  const body = complete ? bytesIn(headers, 'content-length') : undefined
  if (length !== undefined && body !== undefined && length !== body) throw unequalLengths(length, body)
  return length ?? body
}

export function unequalLengths(length: number, other: number) {
  return filesError('TAPRI_FILES_LENGTH', `Cannot take the upload: its length is ${length} bytes, and now it is to be ${other}`, {
    facts: { length },
  })
}

export function tooLong(length: number) {
  return filesError('TAPRI_FILES_LENGTH', `Cannot take the upload: more than the ${length} bytes came that were announced`, {
    facts: { length },
  })
}

function readConcat(text: string | undefined): { readonly kind: 'pieces' | 'part'; readonly parts: readonly string[] } {
  if (text === undefined) return { kind: 'pieces', parts: [] }
  if (text === 'partial') return { kind: 'part', parts: [] }
  const urls = text.startsWith('final;') ? text.slice('final;'.length).trim().split(/ +/) : []
  const parts = urls.map((url) => /(?:^|\/)([\w-]{32})$/.exec(url)?.[1])
  const named = parts.filter((part) => part !== undefined)
  if (named.length === 0 || named.length < parts.length || new Set(named).size < named.length) {
    throw badHeader('upload-concat', text, 'it is "partial", or "final;" and the URLs of uploads, each once')
  }
  return { kind: 'pieces', parts: named }
}

function placeOf(route: string | undefined, field: string | undefined): { readonly route: string; readonly field: string } {
  if (route !== undefined && field !== undefined) return { route, field }
  const message = 'is required: name them in Upload-Metadata, or in the URL, like ?route=videos.create&field=source'
  throw invalid([{ path: [route === undefined ? 'route' : 'field'], message }], 'upload')
}

function claimedType(type: string | undefined): string {
  const essence = type?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return /^[\w.+-]{1,100}\/[\w.+-]{1,100}$/.test(essence) ? essence : 'application/octet-stream'
}
