import type {
  Controller,
  ControllerOptions,
  Handler,
  Method,
  Middleware,
  MiddlewareRun,
  Route,
  RouteKit,
  RouteSpec,
  ServedRoute,
} from './types.ts'

/**
 * Makes routes that one kind of caller may call.
 * @example const visitor = routeKit<Context>('visitor'); visitor.get('/', ({ db }) => db.videos.find())
 */
export function routeKit<C>(
  access: string,
  { middleware = [], owner }: { readonly middleware?: readonly MiddlewareRun[]; readonly owner?: object | undefined } = {},
): RouteKit<C> {
  const verb =
    (method: Method) =>
    (path: string, ...rest: readonly [Handler] | readonly [RouteSpec, Handler]) => {
      const [spec, handler] = rest.length === 1 ? [{}, rest[0]] : rest
      return { definition: { method, path, access, spec, middleware, handler, owner } }
    }
  return phantom<RouteKit<C>>({
    get: verb('get'),
    post: verb('post'),
    put: verb('put'),
    patch: verb('patch'),
    delete: verb('delete'),
    use: (added: Middleware<unknown>) => routeKit(access, { middleware: [...middleware, added.run], owner }),
  })
}

/**
 * Puts routes below a path, all of them inside of the middleware that `use` names.
 * @example controller('/videos', { list: visitor.get('/', ({ db }) => db.videos.find()) })
 */
export function controller<const R extends Readonly<Record<string, Route<string, any, any>>>>(
  path: string,
  routes: R,
  { use = [] }: ControllerOptions = {},
): Controller<R> {
  return phantom<Controller<R>>({ path, routes, use: use.map(({ run }) => run) })
}

/**
 * Something that runs around routes; what it gives to `next` is added to their context.
 * @example middleware(async ({ request }, next) => next({ agent: request.headers['user-agent'] }))
 */
export function middleware<Adds extends object = {}>(run: MiddlewareRun): Middleware<Adds> {
  return phantom<Middleware<Adds>>({ run })
}

/** The routes of controllers with their whole paths and their names, like `videos.list`. */
export function servedRoutes(controllers: Readonly<Record<string, Controller<unknown>>>, prefix: string): readonly ServedRoute[] {
  return Object.entries(controllers).flatMap(([group, { path, routes, use }]) =>
    Object.entries(routes).map(([name, { definition }]) => ({
      ...definition,
      middleware: [...use, ...definition.middleware],
      name: `${group}.${name}`,
      path: joinPaths(prefix, path, definition.path),
    })),
  )
}

function joinPaths(...parts: readonly string[]): string {
  const joined = parts.filter((part) => part !== '/').join('')
  return joined === '' ? '/' : joined
}

// Keys like `~in` and `~adds` exist in types only; this is the one place that says so.
function phantom<Whole>(real: object): Whole {
  return real as Whole
}
