import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Fields } from '../schema/index.ts'
import { bodyForm, type collectBody, parseBody, refuseAnnounced, tooSlow } from './body.ts'
import { isBehindLast } from './closing.ts'
import { type CompiledRoute, compileRoute } from './compile.ts'
import type { HttpContext } from './context.ts'
import type { Cors } from './cors.ts'
import { type OriginRules, refuseCrossSite } from './csrf.ts'
import { httpError } from './errors.ts'
import { Exchange, type Shared } from './exchange.ts'
import type { Folders } from './folders.ts'
import { hasBody, hasKey, type hostOfRequest, type inspectRequest, requestTarget } from './guard.ts'
import type { Hosts } from './hosts.ts'
import type { Mounts } from './mounts.ts'
import { layer } from './onion.ts'
import { failExchange, failRequest, refuseUnserved } from './refuse.ts'
import { respond, sendEmpty } from './respond.ts'
import type { Router } from './router.ts'
import type { MiddlewareRun } from './types.ts'

/** The fields of a multipart form, files received; `settle` is told whether the handler succeeded. */
export interface ReceivedForm {
  readonly values: Record<string, unknown>
  settle(kept: boolean): Promise<void>
}

export interface Setup {
  readonly shared: Shared
  readonly router: Router<CompiledRoute>
  readonly folders: Folders
  readonly mounts: Mounts
  /** What runs around the files of folders too. */
  readonly around: readonly MiddlewareRun[]
  readonly origins: OriginRules
  readonly cors: Cors | undefined
  /** Undefined answers for every host. */
  readonly hosts: Hosts | undefined
  readonly Context: new (exchange: Exchange) => HttpContext
  readonly prepare: ((context: any) => void | Promise<void>) | undefined
  readonly readForm: ((context: any, fields: Fields) => Promise<ReceivedForm>) | undefined
  /** Puts what the body of a route with files names otherwise in the place of those files. */
  readonly claimFiles: ((context: any, fields: Fields, values: unknown) => Promise<unknown>) | undefined
  /** What else OPTIONS answers of a path. */
  readonly abilities: ((path: string) => Readonly<Record<string, string>> | undefined) | undefined
}

/** How the requests of one kind of server are judged and their bodies read. */
export interface Kind {
  readonly inspect: typeof inspectRequest
  readonly hostOf: typeof hostOfRequest
  readonly collect: typeof collectBody
}

/**
 * The way of every request: judged, matched, admitted, its body read, its inputs checked, handled, answered.
 * It stays synchronous as long as nothing has to be waited for.
 */
export function makeListener(
  setup: Setup,
  { inspect, hostOf, collect }: Kind,
): (request: IncomingMessage, response: ServerResponse) => void {
  const { shared, router, folders, mounts, around, origins, cors, hosts, Context, prepare, readForm, claimFiles, abilities } =
    setup

  return (request, response) => {
    if (isBehindLast(request, response)) return
    let flags = 0
    let exchange: Exchange | undefined
    try {
      flags = inspect(request)
      hosts?.refuse(request, hostOf(request))
      cors?.open(request, response)
      const target = requestTarget(request)
      const mark = target.indexOf('?')
      const path = mark === -1 ? target : target.slice(0, mark)
      const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '')
      const isRead = method === 'GET'
      if (isRead && (flags & hasBody) !== 0) throw httpError('TAPRI_HTTP_BODY', `Cannot accept a body with ${request.method}`)
      const match = router.find(method, path)
      if (match === undefined) {
        leaveRoutes(request, response, method, path, flags)
        return
      }
      if (!isRead) refuseCrossSite(request, origins)
      const search = mark === -1 ? '' : target.slice(mark + 1)
      exchange = new Exchange(request, response, shared, match.value, match.texts, search, flags)
      exchange.context = new Context(exchange)
      admit(exchange)
    } catch (error) {
      if (exchange === undefined) failRequest(shared, request, response, error, flags)
      else failExchange(exchange, error)
    }
  }

  function admit(exchange: Exchange): void {
    const prepared = prepare?.(exchange.context)
    if (isPromise(prepared)) prepared.then(() => receive(exchange)).catch((error) => failExchange(exchange, error))
    else receive(exchange)
  }

  function receive(exchange: Exchange): void {
    if ((exchange.flags & hasBody) === 0) handle(exchange, undefined)
    else receiveBody(exchange)
  }

  function receiveBody(exchange: Exchange): void {
    const { request, response, route } = exchange
    if (route.takes === 'stream') {
      const watch = shared.slow.watch(request, () => request.destroy(tooSlow()))
      request.once('close', () => shared.slow.unwatch(watch))
      if (request.headers.expect !== undefined) letSend(response)
      handle(exchange, undefined)
      return
    }
    const form = route.takes === 'none' ? undefined : bodyForm(request, route.takes === 'form' && readForm !== undefined)
    if (form === 'multipart') {
      receiveForm(exchange).catch((error) => failExchange(exchange, error))
      // Whoever reads the form knows what its files may have, and has said by then that too much is announced
      if (request.headers.expect !== undefined) setImmediate(() => letSend(response))
      return
    }
    refuseAnnounced(request, route.bodyLimit)
    if (request.headers.expect !== undefined) letSend(response)
    collect(request, route.bodyLimit, shared.slow, (error, bytes) => {
      try {
        if (error !== undefined) throw error
        if (form === undefined) exchange.bytes = bytes
        const body = form === undefined ? undefined : parseBody(bytes, form)
        if (claimFiles === undefined || body === undefined || route.takes !== 'form') handle(exchange, body)
        else handleClaiming(exchange, body).catch((cause) => failExchange(exchange, cause))
      } catch (cause) {
        failExchange(exchange, cause)
      }
    })
  }

  async function handleClaiming(exchange: Exchange, body: ReturnType<typeof parseBody>): Promise<void> {
    const value = await claimFiles?.(exchange.context, exchange.route.fields, body.value)
    handle(exchange, { ...body, value })
  }

  function handle(exchange: Exchange, body: ReturnType<typeof parseBody> | undefined): void {
    if ((exchange.flags & hasKey) !== 0) exchange.given = body?.value
    const checked = exchange.route.check?.(exchange, body?.value, body?.source ?? 'json')
    if (isPromise(checked)) checked.then(() => run(exchange)).catch((error) => failExchange(exchange, error))
    else run(exchange)
  }

  function run(exchange: Exchange): void {
    const result = exchange.route.run(exchange.context)
    if (isPromise(result)) {
      result.then(
        (value) => finish(exchange, value),
        (error) => failExchange(exchange, error),
      )
    } else finish(exchange, result)
  }

  function finish(exchange: Exchange, value: unknown): void {
    try {
      const sent = respond(exchange, value)
      if (isPromise(sent)) sent.catch((error) => failExchange(exchange, error))
    } catch (error) {
      failExchange(exchange, error)
    }
  }

  async function receiveForm(exchange: Exchange): Promise<void> {
    const { request, route, context } = exchange
    if (readForm === undefined) return
    const watch = shared.slow.watch(request, () => request.destroy(tooSlow()))
    const form = await readForm(context, route.fields).finally(() => shared.slow.unwatch(watch))
    const value = await handleForm(exchange, form)
    await respond(exchange, value)
  }

  async function handleForm(exchange: Exchange, form: ReceivedForm): Promise<unknown> {
    let isKept = false
    try {
      exchange.given = form.values
      await exchange.route.check?.(exchange, form.values, 'text')
      const value = await exchange.route.run(exchange.context)
      isKept = true
      return value
    } finally {
      await settle(form, isKept)
    }
  }

  async function settle(form: ReceivedForm, kept: boolean): Promise<void> {
    try {
      await form.settle(kept)
    } catch (error) {
      // The handler's outcome stands; what could not be tidied is swept later
      shared.log.error('Cannot settle the files of a form', { error })
    }
  }

  function leaveRoutes(request: IncomingMessage, response: ServerResponse, method: string, path: string, flags: number): void {
    const below = mounts.below(path)
    if (below.length === 0) {
      leaveMounts(request, response, method, path, flags)
      return
    }
    if (method !== 'GET' && method !== 'OPTIONS') refuseCrossSite(request, origins)
    mounts
      .answer(below, request, response)
      .then((isAnswered) => isAnswered || leaveMounts(request, response, method, path, flags))
      .catch((error) => failRequest(shared, request, response, error, flags))
  }

  function leaveMounts(request: IncomingMessage, response: ServerResponse, method: string, path: string, flags: number): void {
    if (method === 'OPTIONS') {
      answerOptions(request, response, path, flags)
      return
    }
    if (method !== 'GET' || !folders.isBelow(path)) {
      refusePath(request, response, path, flags)
      return
    }
    serveFolders(request, response, path, flags).catch((error) => failRequest(shared, request, response, error, flags))
  }

  async function serveFolders(request: IncomingMessage, response: ServerResponse, path: string, flags: number): Promise<void> {
    const answer = await folders.find(request, path)
    if (answer === undefined) {
      refusePath(request, response, path, flags)
      return
    }
    const exchange = new Exchange(request, response, shared, folderRoute, [], '', flags)
    exchange.context = new Context(exchange)
    await respond(exchange, await layer(around, () => answer)(exchange.context))
  }

  function answerOptions(request: IncomingMessage, response: ServerResponse, path: string, flags: number): void {
    const methods = path === '*' ? [...router.methods()] : router.methodsOf(path)
    if (methods.length === 0) {
      refuseUnserved(shared, request, response, path, flags)
      return
    }
    const exchange = new Exchange(request, response, shared, folderRoute, [], '', flags)
    cors?.openPreflight(request, response, allowed(methods))
    exchange.status = 204
    sendEmpty(exchange, ['Allow', allowed(methods).join(', '), ...Object.entries(abilities?.(path) ?? {}).flat()])
  }

  function refusePath(request: IncomingMessage, response: ServerResponse, path: string, flags: number): void {
    const methods = router.methodsOf(path)
    if (methods.length === 0) {
      refuseUnserved(shared, request, response, path, flags)
      return
    }
    const allow = allowed(methods)
    const detail = `Cannot ${request.method} "${path.slice(0, 200)}": it allows ${allow.join(', ')}`
    throw httpError('TAPRI_HTTP_METHOD', detail, { facts: { allow } })
  }
}

/** Tells a sender that asked first to go on, unless it has been refused. */
function letSend(response: ServerResponse): void {
  if (!response.headersSent && !response.destroyed) response.writeContinue()
}

function allowed(methods: readonly string[]): readonly string[] {
  return [...methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])), 'OPTIONS']
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/** Stands for what is answered without a route: files of folders and OPTIONS. */
const folderRoute = compileRoute(
  { name: 'tapri.folder', method: 'get', path: '/', access: 'visitor', spec: {}, middleware: [], handler: () => undefined },
  0,
)
