import { Answer } from './answer.ts'
import { addToContext } from './context.ts'
import { httpError } from './errors.ts'
import type { Handler, MiddlewareRun } from './types.ts'

/**
 * One function for a route: its middleware around its handler. Without middleware it is the handler itself.
 * What a middleware adds is seen by everything inside it. A middleware may refuse by throwing, or answer by itself by
 * returning an Answer; it cannot swallow what was thrown inside it without one, since there would be nothing to answer with.
 */
export function layer(middleware: readonly MiddlewareRun[], handler: Handler): Handler {
  if (middleware.length === 0) return handler
  return (context: object) => new Passage(middleware, handler, context).enter(0)
}

/**
 * One request on its way in and out again. What is answered is kept here and not handed from promise to promise: a layer
 * costs two of them, its own and the one that `next` gives, and two turns.
 */
class Passage {
  readonly middleware: readonly MiddlewareRun[]
  readonly handler: Handler
  readonly context: object
  /** The outermost layer that has been left without an error. */
  left: number
  /** What that layer answers. */
  value: unknown = undefined

  constructor(middleware: readonly MiddlewareRun[], handler: Handler, context: object) {
    this.middleware = middleware
    this.handler = handler
    this.context = context
    this.left = middleware.length + 1
  }

  /** What is answered from this layer inwards. Whoever does not listen to it need not: its failing is never unhandled. */
  enter(depth: number): Promise<unknown> {
    const run = this.middleware[depth]
    if (run === undefined) return this.#handle(depth)
    let inner: Promise<unknown> | undefined
    let isTwice = false
    const next = (adds?: object): Promise<unknown> => {
      if (inner !== undefined) {
        isTwice = true
        return failed(calledTwice())
      }
      if (adds !== undefined) addToContext(this.context, adds)
      inner = this.enter(depth + 1)
      return inner
    }
    const outcome: Promise<unknown> = promised(run, this.context, next).then(
      (own) => {
        const isInnerLeft = this.left === depth + 1
        if (isInnerLeft && !isTwice && !(own instanceof Answer)) return this.#leave(depth, this.value)
        heard(outcome)
        if (isTwice) throw calledTwice()
        if (own instanceof Answer) return this.#replace(depth, own, inner)
        if (inner === undefined) throw misused('neither called next() nor threw')
        return inner.then((value) => this.#leave(depth, value))
      },
      (error) => {
        heard(outcome)
        throw error
      },
    )
    return outcome
  }

  #handle(depth: number): Promise<unknown> {
    const outcome: Promise<unknown> = promised(this.handler, this.context).then(
      (value) => this.#leave(depth, value),
      (error) => {
        heard(outcome)
        throw error
      },
    )
    return outcome
  }

  #leave(depth: number, value: unknown): unknown {
    this.left = depth
    this.value = value
    return value
  }

  /** What fails inside has been answered, and what goes on there comes to its end first. */
  async #replace(depth: number, own: Answer, inner: Promise<unknown> | undefined): Promise<unknown> {
    await inner?.catch(unheard)
    return this.#leave(depth, own)
  }
}

/** What a function gives, as a promise, however it gives it. */
function promised<Given extends readonly unknown[]>(run: (...given: Given) => unknown, ...given: Given): Promise<unknown> {
  try {
    const value = run(...given)
    return value instanceof Promise ? value : Promise.resolve(value)
  } catch (error) {
    return Promise.reject(error)
  }
}

/** A promise that fails without being unhandled. */
function failed(error: unknown): Promise<never> {
  const promise = Promise.reject(error)
  heard(promise)
  return promise
}

function heard(promise: Promise<unknown>): void {
  promise.then(undefined, unheard)
}

function unheard(): void {}

function calledTwice() {
  return misused('called next() twice')
}

function misused(what: string) {
  return httpError('TAPRI_HTTP_NEXT', `Cannot answer: a middleware ${what}; call next() once, or throw to refuse`)
}
