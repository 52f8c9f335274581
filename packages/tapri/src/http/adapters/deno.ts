import type { Clock } from '../../kit/clock.ts'
import type { Adapter } from './adapter.ts'
import { type DenoSocket, openDenoSocket } from './deno-socket.ts'
import { addressOf, listenError, urlOf } from './listen.ts'
import { type IncomingHeaders, oversized, type Runtime } from './runtime.ts'
import { answerStandard, type StandardHooks } from './standard.ts'

const largestHead = 16_384

/** What is used of Deno's own server (https://docs.deno.com/api/deno/~/Deno.serve). */
interface Deno {
  serve(
    options: {
      readonly port: number
      readonly hostname: string
      onListen(): void
      onError(error: unknown): Response
    },
    handler: (request: Request, facts: DenoFacts) => Response | Promise<Response>,
  ): DenoServer
  upgradeWebSocket(
    request: Request,
    options: { readonly protocol: string; readonly idleTimeout: number },
  ): { readonly socket: DenoSocket; readonly response: Response }
}
interface DenoServer {
  readonly addr: { readonly port: number }
  shutdown(): Promise<void>
}
interface DenoFacts {
  readonly remoteAddr: { readonly hostname: string; readonly port: number }
}

/** Serves by Deno.serve, without node:http. */
export class DenoAdapter implements Adapter {
  readonly #hooks: StandardHooks
  readonly #clock: Clock
  #server: DenoServer | undefined
  #stopped: Promise<void> | undefined

  constructor(hooks: StandardHooks) {
    this.#hooks = hooks
    this.#clock = hooks.clock
  }

  /** @throws TAPRI_HTTP_PORT_IN_USE, TAPRI_HTTP_PORT_DENIED, TAPRI_HTTP_LISTEN */
  async listen(port: number, host: string): Promise<string> {
    const hostname = await addressOf(host)
    const runtime = denoRuntime(hostname)
    const hooks = this.#hooks
    const options = { port, hostname, onListen: () => {}, onError: () => failed() }
    try {
      this.#server = deno().serve(options, (request, facts) => answerStandard(request, facts, runtime, hooks) ?? failed())
    } catch (cause) {
      throw listenError(cause, port, host)
    }
    return `http${urlOf(host, this.#server.addr.port)}`
  }

  /** Accepts nothing more and lets what is in flight finish, for `deadline` milliseconds; what is left then is cut. */
  stop(deadline: number): Promise<void> {
    this.#stopped ??= this.#stop(deadline)
    return this.#stopped
  }

  async #stop(deadline: number): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const cancel = this.#clock.after(deadline, resolve)
    // it also ends the connections that are idle
    await Promise.race([server.shutdown(), late])
    cancel()
    for (const answer of this.#hooks.pending) answer.destroy()
  }
}

function denoRuntime(hostname: string): Runtime<DenoFacts> {
  return {
    hostname,
    passesHostless: true,
    target,
    headers,
    address: (_native, { remoteAddr }) => ({ address: remoteAddr.hostname, port: remoteAddr.port }),
    open(native, _facts, protocol, listen) {
      const { socket, response } = deno().upgradeWebSocket(native, { protocol, idleTimeout: 0 })
      openDenoSocket(socket, listen)
      return response
    },
  }
}

/** Its URLs are the Host header and the target as they came, or what the target itself names. */
function target({ url, method }: Request, { host }: IncomingHeaders): string {
  const from = url.indexOf('/', 8)
  const path = from === -1 ? '/' : url.slice(from)
  // RFC 9112 3.2.4: the server as a whole
  if (method === 'OPTIONS' && path === '/*') return '*'
  return host === undefined || (url.startsWith(host, 7) && from === 7 + host.length) ? path : url
}

function headers(native: Request): IncomingHeaders {
  const all: Record<string, string> & { [oversized]?: true } = Object.create(null)
  let size = 0
  native.headers.forEach((value, name) => {
    all[name] = value
    size += name.length + value.length
  })
  if (size > largestHead) all[oversized] = true
  return all
}

function failed(): Response {
  return new Response(null, { status: 500 })
}

// The types of the platform do not know Deno, which is global where it runs.
function deno(): Deno {
  return Reflect.get(globalThis, 'Deno') as Deno
}
