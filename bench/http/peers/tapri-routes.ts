import { controller, type HttpContext, type Middleware, type RouteKit, type RouteSpec } from 'tapri/http'
import { bool, float, int, list as listOf, text } from 'tapri/schema'
import { small } from '../rows/json.ts'
import { hundred } from '../rows/list.ts'
import { depth } from '../rows/middleware.ts'
import { greeting } from '../rows/plaintext.ts'
import { collections } from '../rows/routes.ts'
import { streamOfPieces, streamSize } from '../rows/stream.ts'

const item = {
  title: text({ min: 1, max: 120 }),
  price: float({ min: 0 }),
  tags: listOf(text({ max: 30 }), { max: 10 }),
  published: bool(),
}

interface Parts {
  readonly visitor: RouteKit<HttpContext>
  /** Adds one to `passed`. */
  readonly step: Middleware<{ readonly passed: number }>
  /** What every route is declared with besides. */
  readonly spec: Pick<RouteSpec, 'etag' | 'compress'>
}

/** The controllers of both servers of Tapri here, with all that they serve but the folder. */
export function controllers({ visitor, step, spec }: Parts) {
  return {
    bench: controller('/', {
      plaintext: visitor.get('/plaintext', spec, () => greeting),
      json: visitor.get('/json', spec, () => small),
      list: visitor.get('/list', spec, () => hundred),
      user: visitor.get('/users/:id', { ...spec, query: { page: int({ min: 1, default: 1 }) } }, ({ params, query }) => ({
        id: params.id,
        page: query.page,
      })),
      item: visitor.post('/items', { ...spec, body: item }, ({ body }) => body),
      stream: visitor.get('/stream', spec, ({ reply }) => reply.stream(streamOfPieces(), { size: streamSize })),
    }),
    middleware: controller(
      '/middleware',
      { last: visitor.use(step).get('/', spec, ({ passed }) => ({ passed })) },
      { use: Array.from({ length: depth - 1 }, () => step) },
    ),
    collections: controller(
      '/',
      Object.fromEntries(
        collections.map(({ number, path }) => [
          `collection${number}`,
          visitor.get(`${path}/:id`, spec, ({ params }) => ({ collection: number, id: params.id })),
        ]),
      ),
    ),
  }
}

/** What the next middleware is given as `passed`. */
export function passedBy(context: object): { readonly passed: number } {
  return { passed: Number(Reflect.get(context, 'passed') ?? 0) + 1 }
}
