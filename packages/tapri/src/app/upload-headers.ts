import type { JsonSchema } from '../schema/index.ts'

function header(name: string, description: string, schema: JsonSchema): JsonSchema {
  return { name, in: 'header', description, schema }
}

const bytes: JsonSchema = { type: 'integer', minimum: 0 }
const words: JsonSchema = { type: 'string' }
/** What the requests and answers of uploads say beside their bytes, as OpenAPI's objects. */
export const nameParameter: JsonSchema = {
  name: 'name',
  in: 'path',
  required: true,
  description: 'The last part of its Location',
  schema: { type: 'string', maxLength: 64 },
}
export const tusHeader = header('Tus-Resumable', 'The version of tus', { type: 'string', const: '1.0.0' })
export const lengthHeader = header('Upload-Length', 'Bytes of the whole file', bytes)
export const offsetHeader: JsonSchema = { ...header('Upload-Offset', 'Where the body begins in the file', bytes), required: true }
export const pieceHeaders = [
  header('Upload-Complete', 'By the draft: whether the file ends with this body', { type: 'string', enum: ['?0', '?1'] }),
  header('Upload-Checksum', 'By tus: sha256, sha1, md5 or crc32, a space, and the sum of the body in base64', words),
  header('Content-Digest', 'The SHA-256 of the body (RFC 9530)', words),
]
export const beginHeaders = [
  tusHeader,
  lengthHeader,
  header('Upload-Defer-Length', 'By tus: the length is told later', { type: 'string', const: '1' }),
  header('Upload-Metadata', 'By tus: `filename`, `filetype`, `route` and `field`, each with its value in base64', words),
  header('Upload-Concat', 'By tus: `partial`, or `final;` and the URLs of the parts', words),
  ...pieceHeaders,
  header('Upload-Draft-Interop-Version', 'Of the draft, for interim answers', { type: 'string', enum: ['6', '7', '8', '9'] }),
  header('Repr-Digest', 'The SHA-256 that the whole file must have (RFC 9530)', words),
  header('Tapri-Direct', 'Asks for a URL of the store to send the file to', { type: 'string', const: 'true' }),
]

const stateHeaders: JsonSchema = {
  'Upload-Offset': { description: 'Bytes that are kept', schema: bytes },
  'Upload-Complete': { description: 'Whether it is whole', schema: { type: 'string', enum: ['?0', '?1'] } },
  'Upload-Length': { description: 'Bytes of the whole file, once they are told', schema: bytes },
  'Upload-Limit': { description: 'What it may be at most, and for how many seconds it waits', schema: words },
  'Upload-Expires': { description: 'Until when it waits', schema: words },
}
export const standing: JsonSchema = { description: 'How the upload stands', headers: stateHeaders }
export const begunAnswer: JsonSchema = {
  description: 'It has begun; there is a body where the store takes the file itself',
  headers: {
    Location: { description: 'Where it goes on', schema: { type: 'string', format: 'uri-reference' } },
    ...stateHeaders,
  },
  content: {
    'application/json': {
      schema: {
        type: 'object',
        required: ['upload', 'direct'],
        properties: {
          upload: { type: 'string', description: 'The last part of its Location' },
          direct: {
            type: 'object',
            description: 'The request that sends the file to the store',
            required: ['method', 'url', 'headers'],
            properties: {
              method: { type: 'string', enum: ['PUT', 'POST'] },
              url: { type: 'string', format: 'uri' },
              headers: { type: 'object', additionalProperties: { type: 'string' } },
              fields: { type: 'object', additionalProperties: { type: 'string' } },
            },
          },
        },
      },
    },
  },
}
