import { authController } from '../auth/index.ts'
import type { Models } from '../data/index.ts'
import { controller, type MiddlewareRun, middleware, routeKit } from '../http/index.ts'
import type { Fields, Reads } from '../schema/index.ts'
import { seenFrom } from './context.ts'
import type { AnyModule, KitParts, SeenModels, SeenServices } from './module.ts'
import { describe } from './part.ts'
import { serveUntilSignal } from './serve.ts'
import type { AnyService, ServicesOf } from './service.ts'
import type { AppDescription, Kit, StartOptions } from './types.ts'

/**
 * The kit of one app, or of one module: everything it hands out knows the types of what it declares.
 * @example export const { app, auth, controller, member, policy, visitor } = tapri({ models: { users, notes } })
 */
export function tapri<
  const M extends Models,
  const F extends Fields = {},
  const S extends readonly AnyService[] = readonly [],
  const U extends readonly AnyModule[] = readonly [],
>(declared: {
  readonly models: M
  /** Its own settings, read from the environment and `.env`. */
  readonly settings?: F
  /** What is started before the first request, and found in `services` by its name. */
  readonly services?: S
  /** Modules whose exports it sees. */
  readonly uses?: U
}): Kit<SeenModels<M, U>, Reads<F>, SeenServices<S, U>, M, ServicesOf<S>> {
  const { models, settings = {}, services = [], uses = [] } = declared
  const kit: KitParts = { models, settings, services, uses }
  return typed<Kit<SeenModels<M, U>, Reads<F>, SeenServices<S, U>, M, ServicesOf<S>>>({
    visitor: routeKit('visitor', { owner: kit }),
    member: routeKit('member', { owner: kit }),
    middleware: (run: MiddlewareRun) => middleware(namedAs(run, (context, next) => run(seenFrom(kit, context), next))),
    controller,
    policy: (model: string, rules: object) => ({ model, rules }),
    auth: authController,
    app: (parts: AppDescription['parts']) => {
      const description = describe({ kit, parts })
      return { description, start: (options: StartOptions = {}) => serveUntilSignal(description, options) }
    },
    module: (parts: AnyModule['parts']) => ({ name: parts.name, kit, parts }),
  })
}

/** `tapri routes` shows a middleware by the name of its function. */
function namedAs(named: MiddlewareRun, run: MiddlewareRun): MiddlewareRun {
  return Object.defineProperty(run, 'name', { value: named.name })
}

// Phantom keys such as `~controllers` exist in types only; this is the one place of the room that says so.
function typed<T>(value: object): T {
  return value as T
}
