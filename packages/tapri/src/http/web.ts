import { exchangeOf } from './context.ts'
import { webRequest } from './web-request.ts'

/** Takes a web-standard request, as Hono, itty and the handlers of other runtimes do. */
export type FetchHandler = (request: Request) => Response | Promise<Response>

/**
 * Answers with what a web-standard handler gives: as a route's handler, or mounted below a path.
 * @example visitor.get('/old/*rest', fromFetch(hono.fetch))
 */
export function fromFetch(handler: FetchHandler): ((context: object) => Promise<Response>) & { readonly fetch: FetchHandler } {
  const answer = async (context: object) => {
    const { request, response, bytes } = exchangeOf(context)
    return handler(webRequest(request, response, { bytes: request.readableEnded ? bytes : undefined }))
  }
  return Object.assign(answer, { fetch: handler })
}
