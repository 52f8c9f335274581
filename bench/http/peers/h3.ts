import { readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { getQuery, H3, type Middleware, readValidatedBody, serveStatic } from 'h3'
import { toNodeHandler } from 'h3/node'
import { securityHeaders } from '../row.ts'
import { folder } from '../rows/file.ts'
import { small } from '../rows/json.ts'
import { hundred } from '../rows/list.ts'
import { depth } from '../rows/middleware.ts'
import { notFound, problemType } from '../rows/missing.ts'
import { invalid, pageOf } from '../rows/param.ts'
import { greeting } from '../rows/plaintext.ts'
import { collections } from '../rows/routes.ts'
import { streamSize, webStreamOfPieces } from '../rows/stream.ts'
import { itemSchema } from './item.ts'
import { listening } from './listening.ts'

const app = new H3()

app.use((event) => {
  for (const [name, value] of Object.entries(securityHeaders)) event.res.headers.set(name, value)
})
app.get('/plaintext', (event) => {
  event.res.headers.set('Content-Type', 'text/plain; charset=utf-8')
  return greeting
})
app.get('/json', () => small)
app.get('/list', () => hundred)
app.get('/users/:id', (event) => {
  const { page: text } = getQuery(event)
  const page = pageOf(typeof text === 'string' ? text : undefined)
  if (page !== undefined) return { id: event.context.params?.id, page }
  event.res.status = 422
  return invalid
})
app.post('/items', (event) => readValidatedBody(event, itemSchema))

const step: Middleware = async (event, next) => {
  event.context.passed = Number(event.context.passed ?? 0) + 1
  return next()
}
app.get('/middleware', (event) => ({ passed: event.context.passed }), {
  middleware: Array.from({ length: depth }, () => step),
})
for (const { number, path } of collections) {
  app.get(`${path}/:id`, (event) => ({ collection: number, id: event.context.params?.id }))
}
app.get('/files/**', (event) =>
  serveStatic(event, {
    getMeta: async (id) => {
      const { size, mtimeMs } = await stat(placeOf(id))
      return { size, mtime: mtimeMs, type: 'text/plain' }
    },
    getContents: (id) => readFile(placeOf(id)),
  }),
)
app.get('/stream', (event) => {
  event.res.headers.set('Content-Type', 'application/octet-stream')
  event.res.headers.set('Content-Length', String(streamSize))
  return webStreamOfPieces()
})
app.all('/**', (event) => {
  event.res.status = 404
  event.res.headers.set('Content-Type', problemType)
  return JSON.stringify(notFound(event.url.pathname))
})

function placeOf(id: string): string {
  return join(folder, id.slice('/files'.length))
}

const server = createServer(toNodeHandler(app)).listen(0, '127.0.0.1', () => {
  const address = server.address()
  listening(typeof address === 'object' && address !== null ? address.port : 0)
})
