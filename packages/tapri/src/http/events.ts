import { Readable } from 'node:stream'
import type { Clock } from '../kit/clock.ts'
import { encodeWire, endOfEvents, wireProfile } from '../kit/wire.ts'
import { Answer } from './answer.ts'
import { httpError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { wantsWire } from './guard.ts'
import { sendStream } from './respond.ts'
import { disconnectSignal } from './signal.ts'

/** One event of a stream, as `EventSource` hears it. */
export interface ServerEvent {
  /** A text as it is, everything else as JSON. */
  readonly data: unknown
  /** What listeners listen to; `message` unless told. */
  readonly event?: string
  /** What a browser that connects again sends as `Last-Event-ID`. */
  readonly id?: string
  /** Milliseconds after which a browser connects again. */
  readonly retry?: number
}

/** Milliseconds; proxies close connections on which nothing comes for a minute. */
const keepAlive = 15_000

/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), until the source ends, the caller
 * leaves or the server stops. */
export function eventsAnswer<Event extends ServerEvent>(source: AsyncIterable<Event>): Answer<AsyncIterable<Event>> {
  return new Answer((exchange) => {
    const { clock, stopping } = exchange.shared
    const isWire = speaksWire(exchange)
    const ends = AbortSignal.any([disconnectSignal(exchange.response), stopping])
    const readable = Readable.from(paced(source, { clock, ends, isWire }), { objectMode: false, highWaterMark: 0 })
    const head = ['Content-Type', typed('text/event-stream', isWire), 'Cache-Control', 'no-store', 'X-Accel-Buffering', 'no']
    return sendStream(exchange, readable, head)
  })
}

/** One JSON value a line, as they come (https://jsonlines.org). */
export function linesAnswer<Value>(source: AsyncIterable<Value> | Iterable<Value>): Answer<AsyncIterable<Value>> {
  return new Answer((exchange) => {
    const isWire = speaksWire(exchange)
    const lines = Readable.from(jsonLines(source, isWire ? encodeWire : JSON.stringify), { objectMode: false })
    return sendStream(exchange, lines, ['Content-Type', typed('application/jsonl', isWire), 'Vary', 'Accept'])
  })
}

/** The typed client gets times as times, and texts that look like JSON as texts. */
function speaksWire({ flags }: Exchange): boolean {
  return (flags & wantsWire) !== 0
}

function typed(type: string, isWire: boolean): string {
  return isWire ? `${type}; ${wireProfile}` : type
}

async function* jsonLines(
  source: AsyncIterable<unknown> | Iterable<unknown>,
  encode: (value: unknown) => string | undefined,
): AsyncGenerator<string> {
  for await (const value of source) yield `${encode(value) ?? 'null'}\n`
}

/** The events as texts, with a comment in between whenever there was nothing for a while. */
async function* paced(
  source: AsyncIterable<ServerEvent>,
  { clock, ends, isWire }: { readonly clock: Clock; readonly ends: AbortSignal; readonly isWire: boolean },
): AsyncGenerator<string> {
  const events = source[Symbol.asyncIterator]()
  const ended = new Promise<'ended'>((resolve) => {
    if (ends.aborted) resolve('ended')
    else ends.addEventListener('abort', () => resolve('ended'), { once: true })
  })
  try {
    // the head goes out at once: the browser knows that it is connected
    yield ':\n\n'
    for (let next = events.next(); ; ) {
      const { promise: quiet, resolve } = Promise.withResolvers<'quiet'>()
      const cancel = clock.after(keepAlive, () => resolve('quiet'))
      const outcome = await Promise.race([next, quiet, ended]).finally(cancel)
      if (outcome === 'ended') return
      if (outcome === 'quiet') yield ':\n\n'
      else if (outcome.done === true) {
        if (isWire) yield endOfEvents
        return
      } else {
        const { value } = outcome
        yield eventText(isWire ? { ...value, data: encodeWire(value.data) } : value)
        next = events.next()
      }
    }
  } finally {
    // not waited for: a source that waits for something else may never come back
    void events.return?.().then(undefined, () => undefined)
  }
}

/**
 * @throws TAPRI_HTTP_ANSWER for a line break where one would begin another field or event
 */
export function eventText({ data, event, id, retry }: ServerEvent): string {
  const text = typeof data === 'string' ? data : (JSON.stringify(data) ?? 'null')
  const lines = text.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`)
  const name = event === undefined ? '' : `event: ${oneLine('event', event)}\n`
  const place = id === undefined ? '' : `id: ${oneLine('id', id)}\n`
  const pause = retry === undefined ? '' : `retry: ${Math.max(0, Math.round(retry))}\n`
  return `${name}${place}${pause}${lines.join('')}\n`
}

function oneLine(field: string, value: string): string {
  if (!/[\r\n\0]/.test(value)) return value
  throw httpError('TAPRI_HTTP_ANSWER', `Cannot send the ${field} ${JSON.stringify(value.slice(0, 100))}: it must be one line`)
}
