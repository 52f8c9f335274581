import type { Clock } from '../../kit/clock.ts'
import type { Adapter } from './adapter.ts'
import { type BunSocketData, bunSockets } from './bun-sockets.ts'
import { addressOf, listenError, urlOf } from './listen.ts'
import { type IncomingHeaders, oversized, type Runtime } from './runtime.ts'
import { answerStandard, type StandardHooks } from './standard.ts'

/** That one request may have. */
const mostHeaders = 100
/** Seconds without a byte, longer than the proxies in front, so that it is they who close idle connections. */
const idleTimeout = 65
/** Milliseconds, less than that, from one look at who is not answered yet to the next. */
const look = 30_000

/** What is used of Bun's own server (https://bun.com/docs/api/http). */
interface BunServer {
  readonly port: number
  requestIP(request: Request): { readonly address: string; readonly port: number } | null
  timeout(request: Request, seconds: number): void
  upgrade(request: Request, options: { readonly data: BunSocketData; readonly headers: Record<string, string> }): boolean
  stop(cut?: boolean): Promise<void>
}
interface Bun {
  serve(options: {
    readonly port: number
    readonly hostname: string
    readonly idleTimeout: number
    readonly development: false
    readonly reusePort: false
    readonly maxRequestBodySize: number
    readonly websocket: typeof bunSockets
    fetch(request: Request, server: BunServer): Response | Promise<Response> | undefined
    error(error: Error): Response
  }): BunServer
  file(path: string): Blob
}

/** Serves by Bun.serve, without node:http. */
export class BunAdapter implements Adapter {
  readonly #hooks: StandardHooks
  readonly #clock: Clock
  #server: BunServer | undefined
  #stopped: Promise<void> | undefined
  #cancelLook: (() => void) | undefined

  constructor(hooks: StandardHooks) {
    this.#hooks = hooks
    this.#clock = hooks.clock
  }

  /** @throws TAPRI_HTTP_PORT_IN_USE, TAPRI_HTTP_PORT_DENIED, TAPRI_HTTP_LISTEN */
  async listen(port: number, host: string): Promise<string> {
    const hostname = await addressOf(host)
    const runtime = bunRuntime(hostname)
    const hooks = this.#hooks
    try {
      this.#server = bun().serve({
        port,
        hostname,
        idleTimeout,
        development: false,
        // in production Bun would share a port that is in use
        reusePort: false,
        // each route has a limit of its own
        maxRequestBodySize: Number.MAX_SAFE_INTEGER,
        websocket: bunSockets,
        fetch: (request, server) => answerStandard(request, server, runtime, hooks),
        error: () => new Response(null, { status: 500, headers: { Connection: 'close' } }),
      })
    } catch (cause) {
      throw listenError(cause, port, host)
    }
    this.#letTakeTheirTime(this.#server)
    return `http${urlOf(host, this.#server.port)}`
  }

  /** A handler takes as long as it takes. Most are done before it has to be said, which costs something each time. */
  #letTakeTheirTime(server: BunServer): void {
    this.#cancelLook = this.#clock.after(look, () => {
      for (const { native } of this.#hooks.pending) server.timeout(native, 0)
      this.#letTakeTheirTime(server)
    })
  }

  /** Accepts nothing more, lets what is in flight finish, and cuts what is left after `deadline` milliseconds. */
  stop(deadline: number): Promise<void> {
    this.#stopped ??= this.#stop(deadline)
    return this.#stopped
  }

  async #stop(deadline: number): Promise<void> {
    const server = this.#server
    this.#cancelLook?.()
    if (server === undefined) return
    const cancel = this.#clock.after(deadline, () => void server.stop(true))
    // it also ends the connections that are idle
    await server.stop()
    cancel()
    await server.stop(true)
  }
}

function bunRuntime(hostname: string): Runtime<BunServer> {
  return {
    hostname,
    passesHostless: false,
    target: ({ url }) => (url.charCodeAt(0) === 47 ? url : url.slice(url.indexOf('/', 8))),
    headers: ({ headers }) => bunHeaders(headers),
    address: (native, server) => server.requestIP(native),
    open(native, server, protocol, listen) {
      const headers = { 'Sec-WebSocket-Protocol': protocol }
      if (server.upgrade(native, { data: { listen, listener: undefined }, headers })) return undefined
      throw new Error('It is no handshake')
    },
    file: (path, start, end) => bun().file(path).slice(start, end),
  }
}

function bunHeaders(headers: Headers): IncomingHeaders {
  const own = ownHeaders(headers)
  const all = own.toJSON()
  return own.count > mostHeaders ? { ...all, [oversized]: true } : all
}

// Bun's headers have more than the types of the platform know: an object of all of them, which no iteration is as fast as.
function ownHeaders(headers: unknown): { readonly count: number; toJSON(): IncomingHeaders } {
  return headers as { readonly count: number; toJSON(): IncomingHeaders }
}

// The types of the platform do not know Bun, which is global where it runs.
function bun(): Bun {
  return Reflect.get(globalThis, 'Bun') as Bun
}
