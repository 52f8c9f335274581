import { Elysia, t } from 'elysia'
import { securityHeaders } from '../row.ts'
import { filePath } from '../rows/file.ts'
import { small } from '../rows/json.ts'
import { hundred } from '../rows/list.ts'
import { depth } from '../rows/middleware.ts'
import { notFound, problemType } from '../rows/missing.ts'
import { greeting } from '../rows/plaintext.ts'
import { collections } from '../rows/routes.ts'
import { streamSize, webStreamOfPieces } from '../rows/stream.ts'
import { listening } from './listening.ts'
import { bun } from './runtimes.ts'

const item = t.Object(
  {
    title: t.String({ minLength: 1, maxLength: 120 }),
    price: t.Number({ minimum: 0 }),
    tags: t.Array(t.String({ maxLength: 30 }), { maxItems: 10 }),
    published: t.Boolean(),
  },
  { additionalProperties: false },
)
const step = async ({ state }: { readonly state: { passed: number } }) => {
  state.passed++
}

const app = new Elysia()
  .headers(securityHeaders)
  .onError(({ code, path, set }) => {
    if (code !== 'NOT_FOUND') return
    set.headers['content-type'] = problemType
    return JSON.stringify(notFound(path))
  })
  .get('/plaintext', () => greeting)
  .get('/json', () => small)
  .get('/list', () => hundred)
  .get('/users/:id', ({ params, query }) => ({ id: params.id, page: query.page }), {
    query: t.Object({ page: t.Integer({ minimum: 1, default: 1 }) }),
  })
  .post('/items', ({ body }) => body, { body: item })
  .get('/files/kites.txt', ({ set }) => {
    set.headers['content-type'] = 'text/plain'
    return bun().file(filePath)
  })
  .get('/stream', () => {
    const headers = { ...securityHeaders, 'Content-Type': 'application/octet-stream', 'Content-Length': String(streamSize) }
    return new Response(webStreamOfPieces(), { headers })
  })
  .use(
    new Elysia()
      .derive(() => ({ state: { passed: 0 } }))
      .get('/middleware', ({ state }) => state, { beforeHandle: Array.from({ length: depth }, () => step) }),
  )
for (const { number, path } of collections) app.get(`${path}/:id`, ({ params }) => ({ collection: number, id: params.id }))

app.listen({ port: 0, hostname: '127.0.0.1' }, ({ port }) => listening(port ?? 0))
