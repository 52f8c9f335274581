// The same routes with everything off that users can leave out: no accounts, no log, no list of hosts, no entity tags, no compression.
import { HttpContext, middleware, openHttp, routeKit, servedRoutes } from 'tapri/http'
import { silentLog } from 'tapri/observe'
import { folder } from '../rows/file.ts'
import { listening } from './listening.ts'
import { controllers, passedBy } from './tapri-routes.ts'

const step = middleware<{ readonly passed: number }>(async (context, next) => {
  await next(passedBy(context))
})
const routes = controllers({
  visitor: routeKit<HttpContext>('visitor'),
  step,
  spec: { etag: false, compress: false },
})
const http = openHttp({
  routes: servedRoutes(routes, ''),
  Context: HttpContext,
  log: silentLog,
  production: true,
  compress: false,
  folders: { '/files': { from: folder } },
})
const url = await http.listen({ port: 0, host: '127.0.0.1' })
listening(Number(new URL(url).port))
