import express, { type RequestHandler } from 'express'
import { securityHeaders } from '../row.ts'
import { folder } from '../rows/file.ts'
import { small } from '../rows/json.ts'
import { hundred } from '../rows/list.ts'
import { depth } from '../rows/middleware.ts'
import { notFound, problemType } from '../rows/missing.ts'
import { invalid, pageOf } from '../rows/param.ts'
import { greeting } from '../rows/plaintext.ts'
import { collections } from '../rows/routes.ts'
import { streamOfPieces, streamSize } from '../rows/stream.ts'
import { itemSchema } from './item.ts'
import { listening } from './listening.ts'

const app = express().disable('x-powered-by')

app.use((_request, response, next) => {
  response.set(securityHeaders)
  next()
})
app.get('/plaintext', (_request, response) => void response.type('text/plain').send(greeting))
app.get('/json', (_request, response) => void response.json(small))
app.get('/list', (_request, response) => void response.json(hundred))
app.get('/users/:id', (request, response) => {
  const { page: text } = request.query
  const page = pageOf(typeof text === 'string' ? text : undefined)
  if (page === undefined) response.status(422).json(invalid)
  else response.json({ id: request.params.id, page })
})
app.post('/items', express.json(), (request, response) => {
  const checked = itemSchema.safeParse(request.body)
  if (checked.success) response.json(checked.data)
  else response.status(422).json(invalid)
})

const step: RequestHandler = async (_request, response, next) => {
  response.locals.passed = (response.locals.passed ?? 0) + 1
  next()
}
app.get('/middleware', ...Array.from({ length: depth }, () => step), (_request, response) => {
  response.json({ passed: response.locals.passed })
})
for (const { number, path } of collections) {
  app.get(`${path}/:id`, (request, response) => void response.json({ collection: number, id: request.params.id }))
}
app.use('/files', express.static(folder))
app.get('/stream', (_request, response) => {
  response.set({ 'Content-Type': 'application/octet-stream', 'Content-Length': String(streamSize) })
  streamOfPieces().pipe(response)
})
app.use(
  (request, response) =>
    void response
      .status(404)
      .type(problemType)
      .send(JSON.stringify(notFound(request.path))),
)

const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address()
  listening(typeof address === 'object' && address !== null ? address.port : 0)
})
