import { authController } from '../auth/index.ts'
import type { Models } from '../data/index.ts'
import { controller, middleware, routeKit } from '../http/index.ts'
import type { Fields } from '../schema/index.ts'
import { serveUntilSignal } from './serve.ts'
import type { App, AppDescription, Kit, SettingsOf } from './types.ts'

/**
 * The kit of one app: everything it hands out knows the models' types.
 * @example export const { app, auth, controller, member, policy, visitor } = tapri({ models: { users, notes } })
 */
export function tapri<const M extends Models, const F extends Fields = {}>(parts: {
  readonly models: M
  /** The app's own settings, read from the environment and `.env`. */
  readonly settings?: F
}): Kit<M, SettingsOf<F>> {
  return {
    visitor: routeKit('visitor'),
    member: routeKit('member'),
    middleware,
    controller,
    policy: (model, rules) => ({ model, rules }),
    auth: (options) => typed(authController(options)),
    app: (appParts) => {
      const description: AppDescription = { models: parts.models, settings: parts.settings ?? {}, parts: appParts }
      return typed<App<typeof appParts.controllers, M>>({
        description,
        start: (options = {}) => serveUntilSignal(description, options),
      })
    },
  }
}

// Phantom keys such as `~controllers` exist in types only; this is the one place of the room that says so.
function typed<T>(value: object): T {
  return value as T
}
