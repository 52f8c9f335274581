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
  return async (context: object) => {
    async function enter(depth: number): Promise<unknown> {
      const run = middleware[depth]
      if (run === undefined) return handler(context)
      let inner: Promise<unknown> | undefined
      const own = await run(context, (adds) => {
        if (inner !== undefined) return Promise.reject(misused('called next() twice'))
        if (adds !== undefined) addToContext(context, adds)
        inner = enter(depth + 1)
        // A middleware that fails before it awaits next() must not leave a rejection unheard
        inner.then(undefined, unheard)
        return inner
      })
      if (own instanceof Answer) {
        // what failed inside has been answered
        await inner?.catch(unheard)
        return own
      }
      if (inner === undefined) throw misused('neither called next() nor threw')
      // awaited here: a promise that an async function returns as it is takes three turns instead of one
      return await inner
    }

    return enter(0)
  }
}

function unheard(): void {}

function misused(what: string) {
  return httpError('TAPRI_HTTP_NEXT', `Cannot answer: a middleware ${what}; call next() once, or throw to refuse`)
}
