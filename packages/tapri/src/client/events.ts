import type { Clock } from '../kit/clock.ts'
import { endOfEvents, wireProfile } from '../kit/wire.ts'
import { decoderOf } from './answer.ts'
import { Backoff } from './backoff.ts'
import { chunksOf, linesIn } from './chunks.ts'
import { pause } from './deadline.ts'
import { isTransient } from './repeat.ts'

/** One event as it arrives; its data is a text where the sender is no Tapri app. */
export interface ReceivedEvent {
  readonly data: unknown
  readonly event?: string
  readonly id?: string
}

/** Where a stream of events comes from. */
export interface EventSource {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** The error that a lost connection ends the stream with; undefined when it may be opened again. */
  refuseToReopen(lostBy: unknown): Error | undefined
  /** Connects again, behind the event of that id; undefined when there are no more. */
  reopen(lastId: string | undefined): Promise<Response | undefined>
}

/** A server of ours says something every 15 seconds; after this much silence the line is taken for dead. */
const silence = 45_000
const end = endOfEvents.trim()

/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) until their source ends, through lost
 * connections.
 */
export async function* eventsOf(first: Response, source: EventSource): AsyncGenerator<ReceivedEvent> {
  const backoff = new Backoff()
  const place: Place = { lastId: undefined, retry: 0 }
  let answer: Response | undefined = first
  while (answer !== undefined) {
    const openedAt = source.clock.now()
    const lostBy: unknown = yield* eventsUntilLost(answer, place, source.clock)
    if (lostBy === end) return
    source.signal.throwIfAborted()
    const refusal = source.refuseToReopen(lostBy)
    if (refusal !== undefined) throw refusal
    answer = await reopened(source, place, { backoff, wait: backoff.next(source.clock.now() - openedAt) })
  }
}

/** What a new connection takes over from the one before. */
interface Place {
  lastId: string | undefined
  /** Milliseconds, as the sender has asked for. */
  retry: number
}

async function reopened(
  source: EventSource,
  place: Place,
  { backoff, wait }: { readonly backoff: Backoff; readonly wait: number },
): Promise<Response | undefined> {
  for (let next = wait; ; next = backoff.next(undefined)) {
    await pause(source.clock, Math.max(place.retry, next), source.signal)
    try {
      return await source.reopen(place.lastId)
    } catch (error) {
      if (source.signal.aborted || !isTransient(error)) throw error
    }
  }
}

/** The events of one connection; the answer is why there are no more. */
async function* eventsUntilLost(answer: Response, place: Place, clock: Clock): AsyncGenerator<ReceivedEvent, unknown> {
  if (answer.body === null) return undefined
  const isOurs = (answer.headers.get('content-type') ?? '').includes(wireProfile)
  const decode = isOurs ? decoderOf(answer) : (text: string) => text
  const lines = linesIn(chunksOf(answer.body, isOurs ? { clock, longest: silence } : undefined))
  let event = ''
  let data: string[] = []
  try {
    for (;;) {
      const next = await lines.next().catch((cause: unknown) => ({ cause }))
      if ('cause' in next) return next.cause
      if (next.done === true) return undefined
      if (next.value === end) return end
      if (next.value !== '') {
        const [field, text] = fieldOf(next.value)
        if (field === 'data') data.push(text)
        else if (field === 'event') event = text
        else if (field === 'id' && !text.includes('\0')) place.lastId = text
        else if (field === 'retry' && /^\d+$/.test(text)) place.retry = Number(text)
        continue
      }
      const { lastId } = place
      if (data.length > 0) yield { data: decode(data.join('\n')), ...(event && { event }), ...(lastId && { id: lastId }) }
      event = ''
      data = []
    }
  } finally {
    await lines.return(undefined)
  }
}

function fieldOf(line: string): [field: string, text: string] {
  const colon = line.indexOf(':')
  if (colon === -1) return [line, '']
  return [line.slice(0, colon), line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)]
}
