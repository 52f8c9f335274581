import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { Dicer } from '@fastify/busboy'
import type { Clock } from '../kit/clock.ts'
import { TapriError } from '../kit/errors.ts'
import { formatBytes } from '../kit/measures.ts'
import { filesError } from './errors.ts'
import { headerLimits, type PartHeader, type RawHeader, readPartHeader } from './part-header.ts'
import { ownPiece } from './spent.ts'

export interface PartsOptions {
  /** Takes one part: must read `content` to its end or throw. Parts may overlap in time. */
  readonly take: (header: PartHeader, content: Readable) => Promise<void>
  readonly mostParts: number
  /** Of the whole body. */
  readonly mostBytes: number
  /** Milliseconds without a byte after which the sender is given up. */
  readonly idle: number
  readonly clock: Clock
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads a multipart body part by part. Rejects only when everything that `take` began has ended, and then
 * lets the rest of the body flow away unread, so that an answer can reach the sender.
 * @throws TAPRI_FILES_FORM, TAPRI_FILES_FORM_TOO_LARGE, TAPRI_FILES_ABORTED, TAPRI_FILES_STALLED, what `take` threw
 */
export async function readParts(request: IncomingMessage, options: PartsOptions): Promise<void> {
  await new PartsReader(request, options).read()
}

class PartsReader {
  readonly #request: IncomingMessage
  readonly #options: PartsOptions
  readonly #parser: Dicer
  readonly #outcome = Promise.withResolvers<void>()
  readonly #contents: Readable[] = []
  readonly #work: Promise<void>[] = []
  #size = 0
  #sizeBefore = -1
  /** Parts whose header has not come whole. */
  #headless = 0
  #isParsed = false
  #isReceived = false
  #isOver = false
  #stopWatching = () => {}

  constructor(request: IncomingMessage, options: PartsOptions) {
    this.#request = request
    this.#options = options
    this.#parser = newParser(readBoundary(request.headers['content-type']))
  }

  read(): Promise<void> {
    this.#parser.on('part', (content) => this.#openPart(content))
    this.#parser.on('finish', () => this.#onParsed())
    this.#parser.on('error', (cause) => this.#fail(malformed('it ends before its closing boundary', cause)))
    this.#request.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onLeft).on('error', this.#onLeft)
    this.#options.signal?.addEventListener('abort', this.#onLeft)
    this.#watch()
    if (this.#request.destroyed || this.#options.signal?.aborted === true) this.#onLeft()
    return this.#outcome.promise
  }

  readonly #onData = (chunk: Buffer): void => {
    const { mostBytes } = this.#options
    this.#size += chunk.length
    if (this.#size > mostBytes) {
      this.#fail(tooLarge(`it is larger than the ${formatBytes(mostBytes)} that its fields can take`))
      return
    }
    // after the closing boundary the rest is an epilogue (RFC 2046 5.1.1), which nobody reads
    if (this.#isParsed) return
    ownPiece(chunk, this.#request)
    // one chunk at a time: the parser must never hold back more than it is parsing
    this.#request.pause()
    try {
      this.#parser.write(chunk, () => {
        if (!this.#isOver) this.#request.resume()
      })
    } catch (cause) {
      this.#fail(malformed('its parts cannot be told apart', cause))
    }
  }

  readonly #onEnd = (): void => {
    this.#isReceived = true
    if (this.#isParsed) this.#finish()
    else this.#parser.end()
  }

  readonly #onLeft = (cause?: unknown): void => {
    if (this.#isReceived) return
    // the server says why when it is the one to close
    const known = cause instanceof TapriError ? cause : undefined
    this.#fail(known ?? filesError('TAPRI_FILES_ABORTED', 'The sender went away before the whole form had come'))
  }

  #openPart(content: Readable): void {
    // a part that is cut off emits an error also when nobody reads it any more; unheard it would end the process
    content.on('error', () => {})
    if (this.#isOver) {
      content.resume()
      return
    }
    this.#contents.push(content)
    this.#headless++
    content.on('header', (header) => this.#takePart(rawHeader(header), content))
    const { mostParts } = this.#options
    if (this.#contents.length > mostParts) this.#fail(tooLarge(`it has more than ${mostParts} parts`))
  }

  #takePart(header: RawHeader, content: Readable): void {
    this.#headless--
    if (this.#isOver) return
    const take = async () => this.#options.take(readPartHeader(header), content)
    this.#work.push(take().catch((error: unknown) => this.#fail(error)))
  }

  #onParsed(): void {
    this.#isParsed = true
    if (this.#headless > 0) this.#fail(malformed('a part has no end to its header'))
    else if (this.#isReceived) this.#finish()
  }

  #finish(): void {
    Promise.all(this.#work).then(() => this.#end(() => this.#outcome.resolve()))
  }

  #fail(error: unknown): void {
    const cause = error instanceof Error ? error : new Error(String(error))
    this.#end(() => {
      this.#request.resume()
      for (const content of this.#contents) content.destroy(cause)
      Promise.all(this.#work).then(() => this.#outcome.reject(cause))
    })
  }

  /** The first end counts; `take` may still fail on streams that it closed. */
  #end(then: () => void): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stopWatching()
    this.#request.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onLeft).off('error', this.#onLeft)
    this.#options.signal?.removeEventListener('abort', this.#onLeft)
    then()
  }

  #watch(): void {
    const { clock, idle } = this.#options
    // a pause is our own doing: the store is slower than the sender
    const isSilent = this.#size === this.#sizeBefore && !this.#request.isPaused() && !this.#isReceived
    if (isSilent) this.#fail(stalled(idle))
    this.#sizeBefore = this.#size
    if (!this.#isOver) this.#stopWatching = clock.after(idle, () => this.#watch())
  }
}

function newParser(boundary: string): Dicer {
  // the package's types leave out the last two, which its source reads
  const config = { boundary, maxHeaderPairs: headerLimits.pairs, maxHeaderSize: headerLimits.bytes, partHwm: 256 * 1024 }
  return new Dicer(config)
}

// The parser's types say only `object`; its source makes lists of texts by lower-case name.
function rawHeader(header: object): RawHeader {
  return header as RawHeader
}

/** RFC 2046 5.1.1: 1 to 70 characters of a small set. */
function readBoundary(contentType: string | undefined): string {
  if (contentType === undefined || !/^\s*multipart\/form-data\s*(?:;|$)/i.test(contentType)) {
    throw malformed('its content type is not multipart/form-data')
  }
  const match = /;\s*boundary\s*=\s*(?:"([^"]*)"|([^\s";]+))/i.exec(contentType)
  const boundary = match?.[1] ?? match?.[2] ?? ''
  if (!/^[0-9a-z'()+_,\-./:=? ]{0,69}[0-9a-z'()+_,\-./:=?]$/i.test(boundary)) {
    throw malformed('its content type names no boundary of 1 to 70 characters')
  }
  return boundary
}

function malformed(reason: string, cause?: unknown) {
  return filesError('TAPRI_FILES_FORM', `Cannot read the form: ${reason}`, { cause })
}

function tooLarge(reason: string) {
  return filesError('TAPRI_FILES_FORM_TOO_LARGE', `Cannot accept the form: ${reason}`)
}

function stalled(idle: number) {
  return filesError('TAPRI_FILES_STALLED', `Cannot read the form: nothing has come for ${Math.round(idle / 1000)} seconds`)
}
