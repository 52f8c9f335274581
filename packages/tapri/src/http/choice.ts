import type { Log } from '../observe/index.ts'
import type { Adapter } from './adapters/adapter.ts'
import { ownAdapter } from './adapters/own.ts'
import type { StandardHooks } from './adapters/standard.ts'
import { isOfExpress } from './connect.ts'
import { httpError } from './errors.ts'
import type { Mount } from './mounts.ts'
import type { MiddlewareRun, ServedRoute } from './types.ts'

/** What serves: the server of the runtime itself unless told, or node:http wherever it runs. */
export type ServerChoice = 'own' | 'node'

interface Served {
  readonly server?: ServerChoice
  readonly routes: readonly ServedRoute[]
  readonly use?: readonly MiddlewareRun[]
  readonly mounts?: Readonly<Record<string, Mount>>
  readonly tls?: object
  readonly log: Log
}

/** Chooses at the first listening what serves: Bun and Deno serve by their own servers what does not need objects of Node. */
export class Choice {
  readonly #log: Log
  readonly #node: Adapter
  readonly #own: Adapter | undefined
  #why: string | undefined
  #chosen: Adapter | undefined

  constructor(served: Served, node: Adapter, hooks: StandardHooks) {
    this.#log = served.log
    this.#node = node
    this.#own = served.server === 'node' ? undefined : ownAdapter(hooks)
    this.#why = whyNode(served)
  }

  /** @throws TAPRI_HTTP_SERVER once the runtime's own server listens */
  needsNode(why: string): void {
    this.#why ??= why
    if (this.#chosen === undefined || this.#chosen === this.#node) return
    throw httpError(
      'TAPRI_HTTP_SERVER',
      `Cannot give a server of node:http (${why}): the runtime serves by its own; set http.server to "node"`,
    )
  }

  adapter(): Adapter {
    this.#chosen ??= this.#choose()
    return this.#chosen
  }

  #choose(): Adapter {
    if (this.#own === undefined) return this.#node
    if (this.#why === undefined) return this.#own
    this.#log.info(`Serving by node:http, not by the faster server of this runtime: ${this.#why}`)
    return this.#node
  }
}

/** What needs objects of Node; undefined when nothing does. */
export function whyNode({ routes, use = [], mounts = {}, tls }: Served): string | undefined {
  const mounted = Object.keys(mounts).find((path) => 'handler' in Object(mounts[path]))
  if (mounted !== undefined) return `an Express app is mounted at "${mounted}"`
  if (use.some(isOfExpress)) return 'the app uses Express middleware'
  const route = routes.find(({ middleware }) => middleware.some(isOfExpress))
  if (route !== undefined) return `"${route.name}" uses Express middleware`
  return tls === undefined ? undefined : 'it speaks TLS itself'
}
