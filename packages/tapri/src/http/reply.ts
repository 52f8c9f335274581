import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { Answer } from './answer.ts'
import { type CacheOptions, cacheControl } from './cache-control.ts'
import { type CookieOptions, formatCookie } from './cookies.ts'
import { httpError } from './errors.ts'
import { eventsAnswer, linesAnswer, type ServerEvent } from './events.ts'
import type { Exchange } from './exchange.ts'
import { fileAnswer } from './file.ts'
import { negotiated } from './negotiated.ts'
import { redirectTarget } from './redirect.ts'
import { sendEmpty, sendStream } from './respond.ts'
import { signedValue } from './signed.ts'
import type { RenderOptions } from './views/views.ts'
import { WholeAnswer } from './whole.ts'

export interface StreamOptions {
  /** `application/octet-stream` unless told. */
  readonly type?: string
  /** Bytes, when known. */
  readonly size?: number
}

const nameForm = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const valueForm = /^[\t\x20-\x7e\x80-\xff]*$/
// These say where an answer ends and belong to the server
const ours = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive', 'upgrade', 'trailer', 'date'])

/**
 * Sets status, headers and cookies of an answer, and makes answers that are not plain values.
 * @example return reply.status(201).text('Made')
 */
export class Reply {
  readonly #exchange: Exchange

  constructor(exchange: Exchange) {
    this.#exchange = exchange
  }

  /** @throws TAPRI_HTTP_ANSWER when it is not a final status, 200 to 599 */
  status(code: number): this {
    if (!Number.isInteger(code) || code < 200 || code > 599) {
      throw httpError('TAPRI_HTTP_ANSWER', `Cannot answer with status ${code}: it must be 200 to 599`)
    }
    this.#exchange.status = code
    return this
  }

  /** Sets a header in place of one with the same name.
   * @throws TAPRI_HTTP_ANSWER for line breaks, and for headers that the server sets itself */
  header(name: string, value: string): this {
    const lower = name.toLowerCase()
    if (!nameForm.test(name)) throw badHeader(name, 'its name must be an HTTP token')
    if (!valueForm.test(value)) throw badHeader(name, 'its value must be one line of Latin-1 text')
    if (lower === 'set-cookie') throw badHeader(name, 'set cookies with reply.cookie')
    if (ours.has(lower)) throw badHeader(name, 'the server sets it')
    const headers = this.#exchange.headers ?? []
    const at = headers.findIndex((part, index) => index % 2 === 0 && String(part).toLowerCase() === lower)
    if (at === -1) headers.push(name, value)
    else headers[at + 1] = value
    this.#exchange.headers = headers
    return this
  }

  /** Sets a cookie; a second one of the same name is set beside it.
   * @throws TAPRI_HTTP_COOKIE */
  cookie(name: string, value: string, options: CookieOptions = {}): this {
    const { production, secrets } = this.#exchange.shared
    const written = options.signed === true ? signedValue(name, value, secrets) : value
    const text = formatCookie(name, written, options, production)
    const headers = this.#exchange.headers ?? []
    headers.push('Set-Cookie', text)
    this.#exchange.headers = headers
    return this
  }

  /** Makes the browser forget a cookie; path, domain and secure must be those it was set with. */
  clearCookie(name: string, options: CookieOptions = {}): this {
    return this.cookie(name, '', { ...options, maxAge: 0 })
  }

  text(text: string): Answer<string> {
    return new WholeAnswer('text', text)
  }

  html(html: string): Answer<string> {
    return new WholeAnswer('html', html)
  }

  /**
   * Shows a template of the app's views as a page: EJS, Pug, Handlebars or Eta, by the ending of its file.
   * @throws TAPRI_HTTP_VIEW, TAPRI_HTTP_NO_ENGINE
   * @example return reply.view('watch', { video }) // views/watch.ejs
   */
  async view(name: string, data: Readonly<Record<string, unknown>> = {}, options: RenderOptions = {}): Promise<Answer<string>> {
    const { views } = this.#exchange.shared
    if (views === undefined) {
      throw httpError(
        'TAPRI_HTTP_VIEW',
        `Cannot show the view "${name}": name the folder of views, app({ views: { from: 'views' } })`,
      )
    }
    return this.html(await views.render(name, data, options))
  }

  /** Sends the caller to a path of this app, or to a URL on a host that `redirectHosts` lists.
   * @throws TAPRI_HTTP_REDIRECT for every other place */
  redirect(to: string, status: 301 | 302 | 303 | 307 | 308 = 303): Answer {
    const location = redirectTarget(to, this.#exchange.shared.redirectHosts)
    return new Answer((exchange) => {
      exchange.status = status
      sendEmpty(exchange, ['Location', location, 'Content-Length', 0])
    })
  }

  /** Sends what the source gives, at the pace that the caller takes it. */
  stream(
    source: Readable | ReadableStream | AsyncIterable<string | Uint8Array>,
    options: StreamOptions = {},
  ): Answer<Blob | string> {
    const { type = 'application/octet-stream', size } = options
    if (!valueForm.test(type)) throw badHeader('Content-Type', 'its value must be one line of Latin-1 text')
    const readable = source instanceof Readable ? source : Readable.from(source, { objectMode: false })
    return new Answer((exchange) =>
      sendStream(
        exchange,
        readable,
        size === undefined ? ['Content-Type', type] : ['Content-Type', type, 'Content-Length', size],
      ),
    )
  }

  /** Sends events as they come, for `EventSource` in a browser; it ends when the source does, the caller leaves or the
   * server stops.
   * @example return reply.events(ticks()) // async function* ticks() { yield { event: 'tick', data: { at: 1 } } } */
  events<Event extends ServerEvent>(source: AsyncIterable<Event>): Answer<AsyncIterable<Event>> {
    return eventsAnswer(source)
  }

  /** Sends values as lines of JSON, each when it is there: lists too long to be held whole. */
  lines<Value>(source: AsyncIterable<Value> | Iterable<Value>): Answer<AsyncIterable<Value>> {
    return linesAnswer(source)
  }

  /** Says how long, and by whom, the answer may be kept (RFC 9111); without it nobody is told. */
  cache(options: CacheOptions | 'never'): this {
    return this.header('Cache-Control', cacheControl(options))
  }

  /**
   * Calls the maker of the media type that the caller likes best; the first one when it names none.
   * @throws TAPRI_HTTP_NOT_ACCEPTABLE when it accepts none of them
   * @example return reply.negotiate({ 'application/json': () => video, 'text/html': () => reply.html(page(video)) })
   */
  negotiate<T>(makers: Readonly<Record<string, () => T>>): T {
    return negotiated(this.#exchange, this, makers)
  }

  /** Sends a file of this machine, with ranges and conditional requests. The path is trusted: never a caller's text.
   * @throws TAPRI_NOT_FOUND when there is none */
  file(path: string, options: { readonly type?: string } = {}): Promise<Answer<Blob | string>> {
    return fileAnswer(path, options)
  }
}

function badHeader(name: string, why: string) {
  return httpError('TAPRI_HTTP_ANSWER', `Cannot set the header ${JSON.stringify(name)}: ${why}`)
}
