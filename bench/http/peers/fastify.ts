import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import Fastify from 'fastify'
import { securityHeaders } from '../row.ts'
import { filePath } from '../rows/file.ts'
import { small } from '../rows/json.ts'
import { hundred } from '../rows/list.ts'
import { depth } from '../rows/middleware.ts'
import { notFound, problemType } from '../rows/missing.ts'
import { greeting } from '../rows/plaintext.ts'
import { collections } from '../rows/routes.ts'
import { streamOfPieces, streamSize } from '../rows/stream.ts'
import { listening } from './listening.ts'

declare module 'fastify' {
  interface FastifyRequest {
    passed: number
  }
}

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

app.decorateRequest('passed', 0)
app.get('/plaintext', (_request, reply) => reply.headers(securityHeaders).send(greeting))
app.get('/json', (_request, reply) => reply.headers(securityHeaders).send(small))
app.get('/list', (_request, reply) => reply.headers(securityHeaders).send(hundred))
app.get<{ Params: { id: string }; Querystring: { page: number } }>(
  '/users/:id',
  { schema: { querystring: page } },
  (request, reply) => reply.headers(securityHeaders).send({ id: request.params.id, page: request.query.page }),
)
app.post('/items', { schema: { body: item } }, (request, reply) => reply.headers(securityHeaders).send(request.body))

const step = async (request: { passed: number }) => {
  request.passed++
}
app.get('/middleware', { preHandler: Array.from({ length: depth }, () => step) }, (request, reply) =>
  reply.headers(securityHeaders).send({ passed: request.passed }),
)
for (const { number, path } of collections) {
  app.get<{ Params: { id: string } }>(`${path}/:id`, (request, reply) =>
    reply.headers(securityHeaders).send({ collection: number, id: request.params.id }),
  )
}
// its own plugin for folders is a package of its own; this is the least that any does
app.get('/files/kites.txt', async (_request, reply) => {
  const { size, mtime } = await stat(filePath)
  return reply
    .headers({ ...securityHeaders, 'Content-Length': size, 'Content-Type': 'text/plain', 'Last-Modified': mtime.toUTCString() })
    .send(createReadStream(filePath))
})
app.get('/stream', (_request, reply) =>
  reply
    .headers({ ...securityHeaders, 'Content-Length': streamSize, 'Content-Type': 'application/octet-stream' })
    .send(streamOfPieces()),
)
app.setNotFoundHandler((request, reply) =>
  reply
    .code(404)
    .headers({ ...securityHeaders, 'Content-Type': problemType })
    .send(JSON.stringify(notFound(request.url))),
)

const url = await app.listen({ port: 0, host: '127.0.0.1' })
listening(Number(new URL(url).port))
