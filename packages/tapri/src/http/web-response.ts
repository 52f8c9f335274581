import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import type { Exchange } from './exchange.ts'

export function isResponse(value: object): value is Response {
  // the global is not looked at: that alone would load all of fetch
  return Object.prototype.toString.call(value) === '[object Response]' && 'headers' in value && 'status' in value
}

/** The status and headers of a web-standard answer, cookies too, for this exchange; answers its body. */
export function takeResponse(exchange: Exchange, answer: Response): Readable | undefined {
  exchange.status = answer.status
  const headers = exchange.headers ?? []
  for (const [name, value] of answer.headers) {
    if (!/^(?:connection|keep-alive|transfer-encoding|upgrade|trailer|content-length)$/i.test(name)) headers.push(name, value)
  }
  exchange.headers = headers
  return answer.body === null ? undefined : Readable.fromWeb(nodeStream(answer.body))
}

// Node's own types of web streams and those of the platform name the same objects.
function nodeStream(body: unknown): ReadableStream {
  return body as ReadableStream
}
