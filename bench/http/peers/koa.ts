import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import Router from '@koa/router'
import Koa from 'koa'
import { securityHeaders } from '../row.ts'
import { filePath } from '../rows/file.ts'
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

const app = new Koa()
// callers who leave amid an answer, as a load does at its end, are no news
app.silent = true
const router = new Router()

app.use(async (context, next) => {
  context.set(securityHeaders)
  await next()
})
router.get('/plaintext', (context) => {
  context.body = greeting
})
router.get('/json', (context) => {
  context.body = small
})
router.get('/list', (context) => {
  context.body = hundred
})
router.get('/users/:id', (context) => {
  const { page: text } = context.query
  const page = pageOf(typeof text === 'string' ? text : undefined)
  context.status = page === undefined ? 422 : 200
  context.body = page === undefined ? invalid : { id: context.params.id, page }
})
// its body parsers are packages of their own; this is what they do
router.post('/items', async (context) => {
  const chunks: Buffer[] = []
  for await (const chunk of context.req) chunks.push(chunk)
  const checked = itemSchema.safeParse(JSON.parse(Buffer.concat(chunks).toString()))
  context.status = checked.success ? 200 : 422
  context.body = checked.success ? checked.data : invalid
})

const step: Koa.Middleware = async (context, next) => {
  context.state.passed = (context.state.passed ?? 0) + 1
  await next()
}
router.get('/middleware', ...Array.from({ length: depth }, () => step), (context) => {
  context.body = { passed: context.state.passed }
})
for (const { number, path } of collections) {
  router.get(`${path}/:id`, (context) => {
    context.body = { collection: number, id: context.params.id }
  })
}
// its folders are a package of their own; this is the least that any does
router.get('/files/kites.txt', async (context) => {
  const { size, mtime } = await stat(filePath)
  context.set({ 'Content-Type': 'text/plain', 'Content-Length': String(size), 'Last-Modified': mtime.toUTCString() })
  context.body = createReadStream(filePath)
})
router.get('/stream', (context) => {
  context.set({ 'Content-Type': 'application/octet-stream', 'Content-Length': String(streamSize) })
  context.body = streamOfPieces()
})
app.use(router.routes())
app.use((context) => {
  context.status = 404
  context.type = problemType
  context.body = JSON.stringify(notFound(context.path))
})

const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address()
  listening(typeof address === 'object' && address !== null ? address.port : 0)
})
