import { Readable } from 'node:stream'
import Fastify from 'fastify'
import { list, report, securityHeaders, small, streamPieces, streamSize } from './work.ts'

const app = Fastify()
const item = {
  type: 'object',
  required: ['title', 'price', 'tags', 'published'],
  additionalProperties: false,
  properties: {
    title: { type: 'string', minLength: 1, maxLength: 120 },
    price: { type: 'number', minimum: 0 },
    tags: { type: 'array', maxItems: 10, items: { type: 'string', maxLength: 30 } },
    published: { type: 'boolean' },
  },
}
const page = { type: 'object', properties: { page: { type: 'integer', minimum: 1, default: 1 } } }

app.get('/json', (_request, reply) => reply.headers(securityHeaders).send(small))
app.get('/list', (_request, reply) => reply.headers(securityHeaders).send(list))
app.get<{ Params: { id: string }; Querystring: { page: number } }>(
  '/users/:id',
  { schema: { querystring: page } },
  (request, reply) => reply.headers(securityHeaders).send({ id: request.params.id, page: request.query.page }),
)
app.post('/items', { schema: { body: item } }, (request, reply) => reply.headers(securityHeaders).send(request.body))
app.get('/stream', (_request, reply) =>
  reply
    .headers({ ...securityHeaders, 'Content-Length': streamSize, 'Content-Type': 'application/octet-stream' })
    .send(Readable.from(streamPieces(), { objectMode: false })),
)

const url = await app.listen({ port: 0, host: '127.0.0.1' })
report(Number(new URL(url).port))
