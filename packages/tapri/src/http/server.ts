import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { Server as TlsServer } from 'node:tls'
import { memoryStores, type OpenStores } from '../cache/index.ts'
import { type Clock, systemClock } from '../kit/clock.ts'
import { notFound, type TapriError } from '../kit/errors.ts'
import { newId } from '../kit/ids.ts'
import type { Log } from '../observe/index.ts'
import type { Redis } from '../redis/index.ts'
import { followCertificate, type TlsFiles } from './adapters/certificate.ts'
import { fetchInProcess, type Sender } from './adapters/in-process.ts'
import type { Transport } from './adapters/make.ts'
import { NodeAdapter, type NodeHooks } from './adapters/node.ts'
import type { Offer } from './adapters/offer.ts'
import { Pending } from './adapters/pending.ts'
import type { StandardHooks } from './adapters/standard.ts'
import { Templates } from './adapters/templates.ts'
import { isTrustProxy, type TrustProxy } from './address.ts'
import { collectBody, collectIncoming } from './body.ts'
import { callRoute, type RouteCall } from './call.ts'
import { withCheckedOutput } from './checked.ts'
import { Choice, type ServerChoice, whyNode } from './choice.ts'
import { bodyLimitOf, type CompiledRoute, compileRoute } from './compile.ts'
import { Cors, type CorsOptions } from './cors.ts'
import { httpError } from './errors.ts'
import type { Shared } from './exchange.ts'
import { type Folder, Folders } from './folders.ts'
import { hostOfIncoming, hostOfRequest, inspectIncoming, inspectRequest, unknownExpectation } from './guard.ts'
import { Heads } from './heads.ts'
import { Hosts } from './hosts.ts'
import { Limits } from './limits.ts'
import { LoopWatch } from './loop.ts'
import { type Mount, Mounts } from './mounts.ts'
import { problemOf } from './problem.ts'
import { failRequest } from './refuse.ts'
import { Router } from './router.ts'
import { makeListener, type Setup } from './serve.ts'
import { SlowBodies } from './slow.ts'
import type { MiddlewareRun, ServedRoute } from './types.ts'
import { type ViewOptions, Views } from './views/views.ts'

export interface HttpOptions extends Partial<Pick<Setup, 'prepare' | 'readForm' | 'claimFiles' | 'abilities'>> {
  /** Whole paths, prefix included. */
  readonly routes: readonly ServedRoute[]
  /** What handlers are given: HttpContext, or what the app makes of it. */
  readonly Context: Setup['Context']
  readonly log: Log
  readonly production: boolean
  readonly clock?: Clock
  /** What rate limits, sessions and kept answers go by; `clock` unless told. */
  readonly time?: Clock
  /** Runs around every route, and around the files of folders. */
  readonly use?: readonly MiddlewareRun[]
  /** Where answers and sessions are kept: in memory unless told. */
  readonly stores?: OpenStores
  /** Where rate limits are counted for all processes together; each counts for itself without one. */
  readonly redis?: Redis | undefined
  /** Templates that `reply.view` shows. */
  readonly views?: ViewOptions
  /** Apps of other frameworks, by the path they are mounted at; asked when no route answers. */
  readonly mounts?: Readonly<Record<string, Mount>>
  /** Folders of files, by the path they are served at. */
  readonly folders?: Readonly<Record<string, Folder>>
  /** Paths below it never get a folder's fallback page; `/api` unless told. */
  readonly apiPrefix?: string
  /** `body`: of a body that is read into memory, `1mb` unless told. */
  readonly limits?: { readonly body?: number | string }
  /** Origins whose pages may make changes, besides the app's own. */
  readonly trustedOrigins?: readonly string[]
  /** Where the app is reached; with https, browsers are told in production to come by https only. */
  readonly publicUrl?: string
  /** Hosts that requests may name, besides that of `publicUrl`: `tube.example`, `*.tube.example`; all unless told. */
  readonly hosts?: readonly string[]
  /** Hosts that a redirect may lead to, besides the app's own. */
  readonly redirectHosts?: readonly string[]
  /** Replaces the Content-Security-Policy of HTML pages. */
  readonly contentSecurityPolicy?: string
  /** Whose X-Forwarded-For is believed: so many proxies in front, or those with these addresses; nobody's unless told. */
  readonly trustProxy?: TrustProxy
  /** What cookies are signed with; the first signs, the others are still believed. */
  readonly secrets?: readonly string[]
  /** Pages of other origins that may read answers; none unless told. */
  readonly cors?: CorsOptions
  /** False when a proxy in front compresses answers; true unless told. */
  readonly compress?: boolean
  /** PEM files of a key and its certificate: connections then speak TLS. */
  readonly tls?: TlsFiles
  /** Speaks HTTP/2 beside HTTP/1.1 where there is TLS. */
  readonly http2?: boolean
  /** Tells the log when nobody could be answered for a tenth of a second, and which routes did that; not unless told. */
  readonly watchLoop?: boolean
  /** `node` serves by node:http on Bun and Deno too, instead of by their own servers. */
  readonly server?: ServerChoice
}

/** Takes over a connection that speaks another protocol from now on. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** Opens a WebSocket, or refuses to, where the server of the runtime itself shakes hands. */
export type OfferHandler = (request: IncomingMessage, offer: Offer) => void

export interface HttpServer {
  /** Answers the server's URL. Port 0 takes a free one.
   * @throws TAPRI_HTTP_PORT_IN_USE, TAPRI_HTTP_PORT_DENIED, TAPRI_HTTP_LISTEN */
  listen(address: { readonly port: number; readonly host: string }): Promise<string>
  /** `offered` takes them where the runtime's own server shakes hands; without it the app is served by node:http. */
  onUpgrade(path: string, handler: UpgradeHandler, options?: { readonly offered?: OfferHandler }): void
  /** Whether there is a GET route of that name. */
  isGet(name: string): boolean
  /** Asks a GET route without a request: its checks, middleware and handler run as they do for one.
   * @throws TAPRI_NOT_FOUND when there is no such GET route */
  call(name: string, call: RouteCall): Promise<unknown>
  /** The same for a route that no path leads to.
   * @throws TAPRI_HTTP_ROUTE, TAPRI_HTTP_INPUT_TWICE */
  callable(route: ServedRoute): (call: RouteCall) => Promise<unknown>
  /** Answers a request without a network, as if it had come over it; undefined where a part of the app needs objects of Node.
   * @throws the reason of the request's signal when it aborts */
  readonly fetch: ((request: Request, from?: Sender) => Promise<Response>) | undefined
  /** Lets requests in flight finish, for `deadline` milliseconds at most (10,000 unless told). */
  stop(deadline?: number): Promise<void>
  readonly server: Server
}

/**
 * Compiles the routes into a server; nothing listens yet.
 * @throws TAPRI_HTTP_ROUTE, TAPRI_HTTP_ROUTE_TWICE, TAPRI_HTTP_INPUT_TWICE, TAPRI_HTTP_FOLDER, TAPRI_HTTP_HOSTS, TAPRI_HTTP_TLS, TAPRI_HTTP_PROTOCOL
 * @example const http = openHttp({ routes, Context: HttpContext, log, production: false })
 */
export function openHttp(options: HttpOptions): HttpServer {
  const { clock = systemClock, publicUrl } = options
  const { time = clock } = options
  const stores = options.stores ?? memoryStores(time)
  const transport = transportOf(options)
  const stopping = new AbortController()
  const shared: Shared = {
    heads: new Heads(options),
    compresses: options.compress !== false,
    log: options.log,
    production: options.production,
    publicUrl,
    trustProxy: trusted(options.trustProxy ?? 0),
    secrets: options.secrets ?? [],
    limits: new Limits({ clock: time, redis: options.redis, use: options.use ?? [], routes: options.routes }),
    sessions: stores.sessions,
    answers: stores.answers,
    responses: { store: stores.cache, flights: new Map() },
    views: options.views === undefined ? undefined : new Views(options.views, { cache: options.production }),
    redirectHosts: new Set([...(options.redirectHosts ?? []), ...(publicUrl === undefined ? [] : [new URL(publicUrl).host])]),
    clock,
    time,
    slow: new SlowBodies(clock),
    isDraining: false,
    stopping: stopping.signal,
  }
  const router = new Router<CompiledRoute>()
  const limit = bodyLimitOf(options.limits?.body)
  const gets = new Map<string, CompiledRoute>()
  const loop = options.watchLoop === true ? new LoopWatch(options.log) : undefined
  for (const route of options.routes) {
    const plain = compileRoute(options.production ? route : withCheckedOutput(route), limit, options.use)
    const compiled = loop?.over(plain) ?? plain
    router.add(route.method.toUpperCase(), route.path, compiled)
    if (route.method === 'get') gets.set(route.name, compiled)
  }
  const hosts = options.hosts === undefined ? undefined : new Hosts([...options.hosts, ...ownHost(publicUrl)])
  const upgrades = new Map<string, UpgradeHandler>()
  const offers = new Map<string, OfferHandler>()
  const setup: Setup = {
    shared,
    router,
    folders: new Folders(options.folders ?? {}, options.apiPrefix ?? '/api'),
    mounts: new Mounts(options.mounts ?? {}, shared),
    around: options.use ?? [],
    origins: { trustedOrigins: [...(options.trustedOrigins ?? []), ...(options.cors?.origins ?? [])], publicUrl },
    hosts,
    cors: options.cors === undefined ? undefined : new Cors(options.cors),
    Context: options.Context,
    prepare: options.prepare,
    readForm: options.readForm,
    claimFiles: options.claimFiles,
    abilities: options.abilities,
  }
  const hooks: NodeHooks = {
    clock,
    request: makeListener(setup, { inspect: inspectRequest, hostOf: hostOfRequest, collect: collectBody }),
    malformed: (error) => rawProblem(malformed(error), shared.heads),
    unexpected: (request, response) => failRequest(shared, request, response, unknownExpectation(), 0),
    isUpgrade: (request) => upgrades.has(pathOf(request)),
    upgrade: (request, socket, head) => {
      try {
        inspectRequest(request)
        hosts?.refuse(request, hostOfRequest(request))
        const handler = upgrades.get(pathOf(request))
        if (handler === undefined)
          throw httpError('TAPRI_HTTP_NO_ROUTE', 'Cannot change the protocol here: no one listens at this path')
        handler(request, socket, head)
      } catch (error) {
        socket.end(rawProblem(error, shared.heads), () => socket.destroy())
      }
    },
  }
  const nodeAdapter = new NodeAdapter(hooks, transport)
  const { server } = nodeAdapter
  const standard: StandardHooks = {
    clock,
    request: makeListener(setup, { inspect: inspectIncoming, hostOf: hostOfIncoming, collect: collectIncoming }),
    isUpgrade: (request) => offers.has(pathOf(request)),
    offer: (request, offer) => {
      try {
        inspectIncoming(request)
        hosts?.refuse(request, hostOfIncoming(request))
        offers.get(pathOf(request))?.(request, offer)
      } catch (error) {
        offer.refuse(problemResponse(error, shared.heads))
      }
    },
    templates: new Templates(shared.heads),
    pending: new Pending(),
  }
  const choice = new Choice(options, nodeAdapter, standard)
  const unfollow =
    transport.tls !== undefined && server instanceof TlsServer
      ? followCertificate(transport.tls, { clock, log: options.log, take: (certificate) => server.setSecureContext(certificate) })
      : undefined

  return {
    get server() {
      choice.needsNode('the app asks for its server')
      return server
    },
    listen: ({ port, host }) => {
      loop?.start()
      return choice.adapter().listen(port, host)
    },
    onUpgrade(path, handler, { offered } = absent) {
      upgrades.set(path, handler)
      if (offered === undefined) choice.needsNode(`another protocol is spoken at "${path}"`)
      else offers.set(path, offered)
    },
    isGet: (name) => gets.has(name),
    fetch: whyNode(options) === undefined ? (request, from) => fetchInProcess(request, standard, from) : undefined,
    async call(name, call) {
      const route = gets.get(name)
      if (route === undefined) throw notFound(`No GET route is called "${name}"`)
      return callRoute(route, call, { shared, Context: options.Context })
    },
    callable(route) {
      const compiled = compileRoute(route, limit, options.use)
      return (call) => callRoute(compiled, call, { shared, Context: options.Context })
    },
    stop: (deadline = 10_000) => {
      shared.isDraining = true
      stopping.abort()
      unfollow?.()
      loop?.stop()
      return choice.adapter().stop(deadline)
    },
  }
}

const absent: { readonly offered?: OfferHandler } = {}

/** @throws TAPRI_HTTP_PROTOCOL */
function transportOf({ tls, http2 = false, mounts = {}, log }: HttpOptions): Transport {
  if (http2 && tls === undefined) log.info('Speaking HTTP/1.1 alone: HTTP/2 comes with TLS, set TLS_KEY and TLS_CERT')
  if (!http2 || tls === undefined) return { tls }
  const express = Object.keys(mounts).find((path) => 'handler' in Object(mounts[path]))
  if (express === undefined) return { tls, http2 }
  throw httpError(
    'TAPRI_HTTP_PROTOCOL',
    `Cannot speak HTTP/2 with an Express app mounted at "${express}": Express knows HTTP/1.1 alone; leave \`http2\` out`,
  )
}

function ownHost(publicUrl: string | undefined): readonly string[] {
  return publicUrl === undefined ? [] : [new URL(publicUrl).hostname]
}

/** @throws TAPRI_HTTP_PROXY */
function trusted(trust: TrustProxy): TrustProxy {
  if (isTrustProxy(trust)) return trust
  const wanted = 'a number of proxies, or addresses and ranges like "10.0.0.0/8", "loopback", "private"'
  throw httpError('TAPRI_HTTP_PROXY', `Cannot trust the proxies ${JSON.stringify(trust)}: it must be ${wanted}`)
}

function pathOf(request: IncomingMessage): string {
  const target = request.url ?? ''
  const mark = target.indexOf('?')
  return mark === -1 ? target : target.slice(0, mark)
}

const timeouts = new Set(['ERR_HTTP_REQUEST_TIMEOUT', 'ERR_HTTP_HEADERS_TIMEOUT'])

function malformed(cause: Error): TapriError {
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
  if (code === 'HPE_HEADER_OVERFLOW') {
    return httpError('TAPRI_HTTP_HEADERS_TOO_LARGE', 'Cannot read the request: its headers are larger than 16 kB', { cause })
  }
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') {
    return httpError('TAPRI_HTTP_TOO_LARGE', 'Cannot read the body: its chunk extensions are too large', { cause })
  }
  if (timeouts.has(code)) {
    return httpError('TAPRI_HTTP_TIMEOUT', 'Cannot wait for the request any longer: its headers took over 10 seconds', { cause })
  }
  return httpError('TAPRI_HTTP_REQUEST', 'Cannot read the request: it is not HTTP as RFC 9112 writes it', { cause })
}

/** A problem document as bytes on the wire, for connections on which no answer object exists. */
function rawProblem(error: unknown, heads: Heads): string {
  const problem = problemOf(error, newId())
  const body = JSON.stringify(problem)
  const head = [...heads.problem.slice(0, -1), Buffer.byteLength(body), 'Connection', 'close']
  const lines = head.map((part, index) => (index % 2 === 0 ? `${part}: ` : `${part}\r\n`)).join('')
  return `HTTP/1.1 ${problem.status} ${problem.title}\r\n${lines}\r\n${body}`
}

/** The same as a web-standard answer. */
function problemResponse(error: unknown, heads: Heads): Response {
  const problem = problemOf(error, newId())
  const head = heads.problem.slice(0, -2).map(String)
  const headers = head.flatMap((name, index): [string, string][] => (index % 2 === 0 ? [[name, head[index + 1] ?? '']] : []))
  return new Response(JSON.stringify(problem), { status: problem.status, headers })
}
