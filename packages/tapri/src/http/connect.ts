import type { IncomingMessage, ServerResponse } from 'node:http'
import { Answer } from './answer.ts'
import { bodyForm, parseBody } from './body.ts'
import { exchangeOf } from './context.ts'
import { middleware } from './kit.ts'
import type { Middleware, MiddlewareRun } from './types.ts'

/** Middleware, a router or a whole app of Express, Connect or anything that is called as they are. */
// Its own types of requests and answers are those of its framework.
export type ConnectHandler = (request: any, response: any, next: (error?: any) => void) => unknown
/** Middleware with four parameters, which is given what was thrown inside of it. */
export type ConnectErrorHandler = (error: any, request: any, response: any, next: (error?: any) => void) => unknown

/** Around routes as middleware, below a path as a mount. */
export type ExpressMiddleware = Middleware<{}> & { readonly handler: ConnectHandler }

/**
 * Runs Express middleware around routes: what it sets on the answer is sent, what it answers by itself is the answer,
 * and what it passes to `next` is thrown. The body has been read by then: it is `request.body`.
 * A router or an app that reads bodies itself is mounted instead: `app({ mounts: { '/old': fromExpress(express()) } })`.
 * @example const safe = visitor.use(fromExpress(helmet()))
 */
export function fromExpress(handler: ConnectHandler): ExpressMiddleware {
  return { ...middleware(named(passing(handler), handler.name)), handler }
}

/**
 * Runs Express error middleware, the kind with four parameters, around routes: it is given what was thrown inside of it, and
 * answers or passes it on.
 * @example const told = visitor.use(fromExpressErrors((error, request, response, next) => next(error)))
 */
export function fromExpressErrors(handler: ConnectErrorHandler): Middleware<{}> {
  return middleware(named(catching(handler), handler.name))
}

/** Whether it runs Express middleware, which is given objects of node:http. */
export function isOfExpress(run: MiddlewareRun): boolean {
  return ofExpress.has(run)
}

const ofExpress = new WeakSet<MiddlewareRun>()

/** Its name is what `tapri routes` shows. */
function named<Run extends MiddlewareRun>(run: Run, name: string): Run {
  ofExpress.add(run)
  return Object.defineProperty(run, 'name', { value: name })
}

function passing(handler: ConnectHandler) {
  return async (context: object, next: () => Promise<void>): Promise<Answer | undefined> => {
    const exchange = exchangeOf(context)
    const { request, response, body, bytes } = exchange
    offerBody(request, body, bytes)
    const passed = await ran(handler, request, response)
    if (!passed) return sent
    if (response.statusCode !== 200) exchange.status = response.statusCode
    await next()
    return undefined
  }
}

function catching(handler: ConnectErrorHandler) {
  return async (context: object, next: () => Promise<void>): Promise<Answer | undefined> => {
    try {
      await next()
      return undefined
    } catch (error) {
      const { request, response } = exchangeOf(context)
      const passed = await ran((...rest) => handler(error, ...rest), request, response)
      // who passes nothing on has given the error up, and nobody is left to answer
      if (passed) throw error
      return sent
    }
  }
}

/**
 * Calls a handler: true when it called `next`, false when it has answered by itself.
 * @throws what it gives to `next`, and what it throws
 */
export function ran(handler: ConnectHandler, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const ended = () => resolve(false)
    response.once('finish', ended)
    response.once('close', ended)
    const next = (error?: unknown) => {
      response.removeListener('finish', ended)
      response.removeListener('close', ended)
      // Express says so to leave a router early
      if (error === undefined || error === null || error === 'route' || error === 'router') resolve(true)
      else reject(error)
    }
    try {
      const result = handler(request, response, next)
      if (result instanceof Promise) result.catch(reject)
    } catch (error) {
      reject(error)
    }
  })
}

/** What parsers of Express leave on the request; with it there they do not read again. */
function offerBody(request: IncomingMessage, body: unknown, bytes: Uint8Array): void {
  if (!('body' in request)) Object.assign(request, { body: body ?? undeclared(request, bytes), _body: true })
}

/** The body of a route that declares none: parsed where its type says how, its bytes otherwise. */
function undeclared(request: IncomingMessage, bytes: Uint8Array): unknown {
  if (bytes.byteLength === 0) return undefined
  try {
    return parseBody(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), bodyForm(request, false)).value
  } catch {
    return bytes
  }
}

const sent = new Answer(() => {})
