import { Readable } from 'node:stream'
import { controller, HttpContext, openHttp, routeKit, servedRoutes } from 'tapri/http'
import { silentLog } from 'tapri/observe'
import { bool, float, int, list as listOf, text } from 'tapri/schema'
import { list, report, small, streamPieces, streamSize } from './work.ts'

const visitor = routeKit<HttpContext>('visitor')
const item = {
  title: text({ min: 1, max: 120 }),
  price: float({ min: 0 }),
  tags: listOf(text({ max: 30 }), { max: 10 }),
  published: bool(),
}

const routes = controller('/', {
  json: visitor.get('/json', () => small),
  list: visitor.get('/list', () => list),
  user: visitor.get('/users/:id', { query: { page: int({ min: 1, default: 1 }) } }, ({ params, query }) => ({
    id: params.id,
    page: query.page,
  })),
  item: visitor.post('/items', { body: item }, ({ body }) => body),
  stream: visitor.get('/stream', ({ reply }) =>
    reply.stream(Readable.from(streamPieces(), { objectMode: false }), { size: streamSize }),
  ),
})

const http = openHttp({ routes: servedRoutes({ bench: routes }, ''), Context: HttpContext, log: silentLog, production: true })
const url = await http.listen({ port: 0, host: '127.0.0.1' })
report(Number(new URL(url).port))
