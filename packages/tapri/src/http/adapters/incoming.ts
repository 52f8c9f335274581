import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { BodyStream } from './body-stream.ts'
import { IncomingLine } from './incoming-line.ts'
import type { IncomingHeaders, Runtime } from './runtime.ts'

/**
 * A request of a runtime's own server, with what is read of node:http's: nothing of Node is made before the body is read as a
 * stream.
 */
export class Incoming {
  readonly native: Request
  readonly method: string
  /** Path and query as they came; a whole URL where it names another host than the Host header. */
  readonly url: string
  readonly headers: IncomingHeaders
  readonly runtime: Runtime<any>
  /** What the runtime said with it. */
  readonly facts: unknown
  /** Bytes of the body that have come. */
  received = 0
  #rawHeaders: string[] | undefined
  #headersDistinct: Readonly<Record<string, string[]>> | undefined
  #line: IncomingLine | undefined
  #stream: Readable | undefined
  /** Somebody waits for the whole body. */
  #isAsked = false
  #isRead = false
  #found: ReadableStream<Uint8Array<ArrayBuffer>> | null | undefined

  constructor(native: Request, runtime: Runtime<any>, facts: unknown) {
    const headers = runtime.headers(native)
    this.native = native
    this.method = native.method
    this.headers = headers
    this.url = runtime.target(native, headers)
    this.runtime = runtime
    this.facts = facts
  }

  /** Names and values in turn; those that came more than once are joined. */
  get rawHeaders(): string[] {
    // the same one each time, as on Node: who watches it must know it again
    this.#rawHeaders ??= Object.entries(this.headers).flat()
    return this.#rawHeaders
  }

  get headersDistinct(): Readonly<Record<string, string[]>> {
    this.#headersDistinct ??= Object.fromEntries(Object.entries(this.headers).map(([name, value]) => [name, [value]]))
    return this.#headersDistinct
  }

  /** Runtimes do not tell it: what differs between the versions they settle by themselves. */
  get httpVersion(): string {
    return '1.1'
  }

  get httpVersionMajor(): number {
    return 1
  }

  get httpVersionMinor(): number {
    return 1
  }

  get socket(): IncomingLine {
    this.#line ??= new IncomingLine(this)
    return this.#line
  }

  /** Deno tells it no more once the request has been answered. */
  get #body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    if (this.#found === undefined) this.#found = this.native.body
    return this.#found
  }

  /** The body as a stream of Node; it is at its end where the body has been read in another way. */
  get stream(): Readable {
    this.#stream ??= new BodyStream(this.native.bodyUsed ? null : this.#body, (size) => {
      this.received += size
    })
    return this.#stream
  }

  /** Reads the whole body at once, which costs least. */
  readWhole(done: (error: unknown, bytes: ArrayBuffer) => void): void {
    this.#isAsked = true
    this.native.arrayBuffer().then(
      (bytes) => {
        this.#isRead = true
        done(undefined, bytes)
      },
      (cause: unknown) => done(cause, nothing),
    )
  }

  /** Whether nothing of the body is still to come. */
  get complete(): boolean {
    return this.#isRead || this.readableEnded || this.#body === null
  }

  get readableEnded(): boolean {
    return this.#isRead || this.#stream?.readableEnded === true
  }

  get destroyed(): boolean {
    return this.#stream?.destroyed === true
  }

  get readableLength(): number {
    return this.#stream?.readableLength ?? 0
  }

  get readableHighWaterMark(): number {
    return this.#stream?.readableHighWaterMark ?? 1
  }

  get readableFlowing(): boolean | null {
    return this.#stream === undefined ? this.#isAsked || null : this.#stream.readableFlowing
  }

  isPaused(): boolean {
    return this.#stream?.isPaused() === true
  }

  on(event: string, listener: (...values: any[]) => void): this {
    this.stream.on(event, listener)
    return this
  }

  once(event: string, listener: (...values: any[]) => void): this {
    this.stream.once(event, listener)
    return this
  }

  off(event: string, listener: (...values: any[]) => void): this {
    this.stream.off(event, listener)
    return this
  }

  addListener(event: string, listener: (...values: any[]) => void): this {
    return this.on(event, listener)
  }

  removeListener(event: string, listener: (...values: any[]) => void): this {
    return this.off(event, listener)
  }

  pause(): this {
    this.stream.pause()
    return this
  }

  resume(): this {
    this.stream.resume()
    return this
  }

  setEncoding(encoding: BufferEncoding): this {
    this.stream.setEncoding(encoding)
    return this
  }

  pipe<Target extends NodeJS.WritableStream>(target: Target, options?: { readonly end?: boolean }): Target {
    return this.stream.pipe(target, options)
  }

  unpipe(target?: NodeJS.WritableStream): this {
    this.stream.unpipe(target)
    return this
  }

  destroy(error?: Error): this {
    this.stream.destroy(error)
    return this
  }

  [Symbol.asyncIterator](): AsyncIterator<any> {
    return this.stream[Symbol.asyncIterator]()
  }
}

/** The request of a runtime's own server that stands for one of node:http. */
export function incomingOf(request: IncomingMessage): Incoming {
  const given: unknown = request
  if (given instanceof Incoming) return given
  throw new Error('A request of node:http came where the runtime serves by its own server')
}

/** Whether a request is of a runtime's own server. */
export function isIncoming(request: object): request is Incoming {
  return request instanceof Incoming
}

// It has what this framework reads of a request, which docs/runtimes.md lists for whoever reads more.
export function asRequest(incoming: Incoming): IncomingMessage {
  const given: unknown = incoming
  return given as IncomingMessage
}

const nothing = new ArrayBuffer(0)
