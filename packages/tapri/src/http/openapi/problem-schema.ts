import type { JsonSchema } from '../../schema/index.ts'

/** What refused callers are told (RFC 9457). */
export const problemSchema: JsonSchema = {
  type: 'object',
  description: 'Why a request was refused (RFC 9457)',
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'One sentence for people' },
    code: { type: 'string', description: 'What programs look at' },
    instance: { type: 'string', description: 'The id of the request, to be found in the log' },
    facts: { type: 'object', description: 'What the sentence says, as values' },
    issues: {
      type: 'array',
      description: 'Everything that is wrong with what was sent',
      items: {
        type: 'object',
        properties: {
          path: { type: 'array', items: { type: ['string', 'integer'] } },
          message: { type: 'string' },
        },
        required: ['path', 'message'],
      },
    },
  },
  required: ['type', 'title', 'status', 'detail', 'code', 'instance'],
}
