import { Hono, type MiddlewareHandler } from 'hono'
import { validator } from 'hono/validator'
import { securityHeaders } from '../row.ts'
import { small } from '../rows/json.ts'
import { hundred } from '../rows/list.ts'
import { depth } from '../rows/middleware.ts'
import { notFound, problemType } from '../rows/missing.ts'
import { invalid, pageOf } from '../rows/param.ts'
import { greeting } from '../rows/plaintext.ts'
import { collections } from '../rows/routes.ts'
import { streamSize, webStreamOfPieces } from '../rows/stream.ts'
import { itemSchema } from './item.ts'

type Variables = { Variables: { passed: number } }

const step: MiddlewareHandler<Variables> = async (context, next) => {
  context.set('passed', (context.get('passed') ?? 0) + 1)
  await next()
}

/** The app, but for the folder of files: that is served by what is particular to each runtime. */
export function honoApp(): Hono<Variables> {
  const app = new Hono<Variables>()
  app.get('/plaintext', (context) => context.text(greeting, 200, securityHeaders))
  app.get('/json', (context) => context.json(small, 200, securityHeaders))
  app.get('/list', (context) => context.json(hundred, 200, securityHeaders))
  app.get('/users/:id', (context) => {
    const page = pageOf(context.req.query('page'))
    if (page === undefined) return context.json(invalid, 422, securityHeaders)
    return context.json({ id: context.req.param('id'), page }, 200, securityHeaders)
  })
  app.post(
    '/items',
    validator('json', (value, context) => {
      const checked = itemSchema.safeParse(value)
      return checked.success ? checked.data : context.json(invalid, 422, securityHeaders)
    }),
    (context) => context.json(context.req.valid('json'), 200, securityHeaders),
  )
  for (let index = 0; index < depth; index++) app.use('/middleware', step)
  app.get('/middleware', (context) => context.json({ passed: context.get('passed') }, 200, securityHeaders))
  for (const { number, path } of collections) {
    app.get(`${path}/:id`, (context) => context.json({ collection: number, id: context.req.param('id') }, 200, securityHeaders))
  }
  app.get('/stream', () => {
    const headers = { ...securityHeaders, 'Content-Type': 'application/octet-stream', 'Content-Length': String(streamSize) }
    return new Response(webStreamOfPieces(), { headers })
  })
  app.notFound((context) =>
    context.body(JSON.stringify(notFound(context.req.path)), 404, { ...securityHeaders, 'Content-Type': problemType }),
  )
  return app
}

/** In front of a folder of files. */
export const secured: MiddlewareHandler = async (context, next) => {
  await next()
  for (const [name, value] of Object.entries(securityHeaders)) context.header(name, value)
}
