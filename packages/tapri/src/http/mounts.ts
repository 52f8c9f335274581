import type { IncomingMessage, ServerResponse } from 'node:http'
import { compileRoute } from './compile.ts'
import { type ConnectHandler, ran } from './connect.ts'
import { Exchange, type Shared } from './exchange.ts'
import { requestTarget } from './guard.ts'
import { pathSegments } from './path.ts'
import { staticSteps } from './pattern.ts'
import { respond } from './respond.ts'
import type { FetchHandler } from './web.ts'
import { webRequest } from './web-request.ts'

/** An app of another framework: what `fromExpress` or `fromFetch` makes of it. */
export type Mount = { readonly handler: ConnectHandler } | { readonly fetch: FetchHandler }

interface Mounted {
  readonly path: string
  readonly steps: readonly string[]
  readonly mount: Mount
}

/** Apps of other frameworks below paths, asked when no route answers. They see their paths without the one they are below. */
export class Mounts {
  readonly #mounts: readonly Mounted[]
  readonly #shared: Shared

  /** @throws TAPRI_HTTP_FOLDER when a path has parameters */
  constructor(mounts: Readonly<Record<string, Mount>>, shared: Shared) {
    this.#shared = shared
    this.#mounts = Object.entries(mounts)
      .map(([path, mount]) => ({ path: path === '/' ? '' : path, steps: staticSteps(path), mount }))
      .sort((one, other) => other.steps.length - one.steps.length)
  }

  /** The mounts that a path is below, the deepest first. */
  below(path: string): readonly Mounted[] {
    if (this.#mounts.length === 0 || path === '*') return []
    const segments = pathSegments(path)
    return this.#mounts.filter(({ steps }) => steps.every((step, index) => segments[index] === step))
  }

  /** True when one of them has answered. */
  async answer(mounts: readonly Mounted[], request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const { heads, isDraining } = this.#shared
    const security = [...heads.security, ...(isDraining && request.httpVersionMajor === 1 ? ['Connection', 'close'] : [])]
    for (let index = 0; index < security.length; index += 2) {
      response.setHeader(String(security[index]), security[index + 1] ?? '')
    }
    for (const mounted of mounts) {
      if (await this.#ask(mounted, request, response)) return true
    }
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    return false
  }

  async #ask({ path, steps, mount }: Mounted, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const whole = request.url ?? '/'
    const below = belowPath(requestTarget(request), steps.length)
    if ('fetch' in mount) {
      const answer = await mount.fetch(webRequest(request, response, { target: below }))
      const exchange = new Exchange(request, response, this.#shared, mountRoute, [], '', 0)
      await respond(exchange, answer)
      return true
    }
    Object.assign(request, { originalUrl: whole, baseUrl: path, url: below })
    const passed = await ran(mount.handler, request, response)
    Object.assign(request, { baseUrl: '', url: whole })
    return !passed
  }
}

/** The path and query behind so many segments, as they were sent. */
function belowPath(target: string, segments: number): string {
  const mark = target.indexOf('?')
  const path = mark === -1 ? target : target.slice(0, mark)
  const search = mark === -1 ? '' : target.slice(mark)
  return `/${path.slice(1).split('/').slice(segments).join('/')}${search}`
}

/** Stands for what another app answers: as it says, neither tagged nor compressed by us. */
const mountRoute = compileRoute(
  {
    name: 'tapri.mount',
    method: 'get',
    path: '/',
    access: 'visitor',
    spec: { compress: false, etag: false },
    middleware: [],
    handler: () => undefined,
  },
  0,
)
