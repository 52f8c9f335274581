import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Head } from '../heads.ts'
import type { FileSource } from './file-source.ts'
import type { Incoming } from './incoming.ts'
import type { Pending } from './pending.ts'
import type { Templates } from './templates.ts'

type Listener = (...values: any[]) => void
type Chunk = string | Uint8Array<ArrayBuffer>

/** Bytes that wait for a caller who takes them slowly before the source is asked to wait. */
const highWaterMark = 65_536

/**
 * The answer to a request of a runtime's own server, with what is written of node:http's: a body that is given at once becomes
 * a web-standard answer at once, one that comes in pieces a stream.
 */
export class Outgoing {
  statusCode = 200
  headersSent = false
  writableEnded = false
  /** Whether the runtime has been given all of it. */
  writableFinished = false
  /** Its place among those that are pending. */
  at = -1
  readonly #request: Incoming
  readonly #templates: Templates
  /** Answers of this server that are not whole. */
  readonly #pending: Pending<Outgoing>
  #head: Head | undefined
  #fields: Headers | undefined
  #answer: Response | undefined
  #waiting: ((answer: Response) => void) | undefined
  #body: ReadableStreamDefaultController<Uint8Array> | undefined
  #events: EventEmitter | undefined
  #isLeft = false
  #cut: Error | undefined
  #isWatched = false

  constructor(request: Incoming, templates: Templates, pending: Pending<Outgoing>) {
    this.#request = request
    this.#templates = templates
    this.#pending = pending
  }

  /** What the runtime is to send; a promise while nothing has been written. */
  get answer(): Response | Promise<Response> {
    if (this.#answer !== undefined) return this.#answer
    this.#pending.add(this)
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }

  /** The request as the runtime has made it. */
  get native(): Request {
    return this.#request.native
  }

  /** Whether the caller has left, as far as anybody wanted to know. */
  get destroyed(): boolean {
    return this.#isLeft
  }

  getHeaderNames(): readonly string[] {
    return this.#fields === undefined ? none : [...this.#fields.keys()]
  }

  getHeader(name: string): string | undefined {
    return this.#fields?.get(name) ?? undefined
  }

  getHeaders(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#fields ?? [])
  }

  hasHeader(name: string): boolean {
    return this.#fields?.has(name) === true
  }

  setHeader(name: string, value: string | number | readonly string[]): this {
    this.#fields ??= new Headers()
    if (typeof value !== 'object') this.#fields.set(name, String(value))
    else {
      this.#fields.delete(name)
      for (const each of value) this.#fields.append(name, each)
    }
    return this
  }

  appendHeader(name: string, value: string): this {
    this.#fields ??= new Headers()
    this.#fields.append(name, value)
    return this
  }

  removeHeader(name: string): void {
    this.#fields?.delete(name)
    if (this.#fields !== undefined && [...this.#fields.keys()].length === 0) this.#fields = undefined
  }

  writeHead(status: number, head?: Head): this {
    this.statusCode = status
    this.#head = head
    this.headersSent = true
    return this
  }

  /** The runtime itself tells senders to go on who ask first. */
  writeContinue(): void {}

  /** False when the caller should be waited for: `drain` comes then. */
  write(chunk: Chunk): boolean {
    if (this.#isLeft || this.writableEnded) return false
    const body = this.#body ?? this.#begin()
    body.enqueue(typeof chunk === 'string' ? encoder.encode(chunk) : chunk)
    return (body.desiredSize ?? 0) > 0
  }

  end(chunk?: Chunk): this {
    if (this.writableEnded || this.#isLeft) return this
    if (this.#body === undefined) this.#give(chunk)
    else {
      if (chunk !== undefined) this.write(chunk)
      this.#body.close()
      // whoever still sends what nobody reads is cut
      if (!this.#request.complete) this.#request.destroy()
    }
    this.#finish()
    return this
  }

  /** Cuts an answer that has begun, so that its caller sees that it is not whole. */
  destroy(error?: Error): this {
    if (this.#isLeft || this.writableEnded) return this
    if (this.#body === undefined) {
      this.statusCode = 500
      this.#head = ['Connection', 'close']
      this.#give(undefined)
    } else this.#fail(this.#body, error ?? new Error('The answer was cut'))
    this.#leave()
    return this
  }

  /** Cuts the connection, once what was written before has been sent. */
  #fail(body: ReadableStreamDefaultController<Uint8Array>, error: Error): void {
    this.#cut = error
    if ((body.desiredSize ?? 0) >= highWaterMark) body.error(error)
  }

  /**
   * Has the runtime send a file by itself; false where it cannot.
   * @example response.sendsFile({ path, start: 0, end: 1023 }, begin)
   */
  sendsFile({ path, start, end }: FileSource, begin: () => void): boolean {
    const { runtime } = this.#request
    if (runtime.file === undefined) return false
    begin()
    this.#give(runtime.file(path, start, end + 1))
    this.#finish()
    return true
  }

  on(event: string, listener: Listener): this {
    this.#emitter(event).on(event, listener)
    return this
  }

  once(event: string, listener: Listener): this {
    this.#emitter(event).once(event, listener)
    return this
  }

  off(event: string, listener: Listener): this {
    this.#events?.off(event, listener)
    return this
  }

  removeListener(event: string, listener: Listener): this {
    return this.off(event, listener)
  }

  #emitter(event: string): EventEmitter {
    if (event === 'close') this.#watch()
    this.#events ??= new EventEmitter()
    return this.#events
  }

  /** Learns from now on whether the caller leaves, which costs something and interests few. */
  #watch(): void {
    if (this.#isWatched || this.writableFinished) return
    this.#isWatched = true
    const { signal } = this.#request.native
    if (signal.aborted) this.#isLeft = true
    else signal.addEventListener('abort', this.#leave, { once: true })
  }

  readonly #leave = (): void => {
    if (this.#isLeft || this.writableFinished) return
    this.#isLeft = true
    this.#pending.delete(this)
    this.#unwatch()
    // to whoever still waits for an answer: nobody reads it
    this.#settle(new Response(null, { status: 499 }))
    this.#events?.emit('close')
  }

  #unwatch(): void {
    if (this.#isWatched) this.#request.native.signal.removeEventListener('abort', this.#leave)
  }

  #finish(): void {
    this.writableEnded = true
    this.writableFinished = true
    this.#pending.delete(this)
    this.#unwatch()
    const events = this.#events
    if (events === undefined) return
    queueMicrotask(() => {
      events.emit('finish')
      events.emit('close')
    })
  }

  #begin(): ReadableStreamDefaultController<Uint8Array> {
    let begun: ReadableStreamDefaultController<Uint8Array> | undefined
    const stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          begun = controller
        },
        pull: (controller) => {
          if (this.#cut === undefined) this.#events?.emit('drain')
          else setImmediate(() => controller.error(this.#cut))
        },
        cancel: () => this.#leave(),
      },
      { highWaterMark, size: (chunk) => chunk.byteLength },
    )
    if (begun === undefined) throw new Error('A stream calls its start at once')
    this.#body = begun
    this.#pending.add(this)
    this.#give(stream)
    return begun
  }

  #give(body: BodyInit | undefined): void {
    this.headersSent = true
    const status = this.statusCode
    const isBodiless = status === 204 || status === 205 || status === 304 || this.#request.method === 'HEAD'
    this.#settle(new Response(isBodiless ? null : (body ?? null), { status, headers: this.#headers(isBodiless) }))
  }

  #settle(answer: Response): void {
    if (this.#answer !== undefined) return
    this.#answer = answer
    this.#waiting?.(answer)
  }

  #headers(isBodiless: boolean): Headers {
    const head = this.#head
    if (this.#fields !== undefined || head === undefined) return this.#fields ?? new Headers()
    return (isBodiless ? undefined : this.#templates.filled(head)) ?? headersOf(head)
  }
}

function headersOf(head: Head): Headers {
  const headers = new Headers()
  for (let index = 0; index < head.length; index += 2) headers.append(String(head[index]), String(head[index + 1]))
  return headers
}

const none: readonly string[] = Object.freeze([])
const encoder = new TextEncoder()

/** The answer of a runtime's own server that an answer of node:http stands for; undefined for those of node:http itself. */
export function outgoingOf(response: ServerResponse): Outgoing | undefined {
  const given: unknown = response
  return given instanceof Outgoing ? given : undefined
}

// It has what this framework writes of an answer; handlers see it only through `reply`.
export function asResponse(outgoing: Outgoing): ServerResponse {
  const given: unknown = outgoing
  return given as ServerResponse
}
