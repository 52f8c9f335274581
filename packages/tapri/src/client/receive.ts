import { foreign, mediaType, readWhole, refuse } from './answer.ts'
import { lost } from './errors.ts'
import type { Settings } from './options.ts'
import { isRepeatable } from './repeat.ts'
import type { OutgoingRequest } from './request.ts'
import { send } from './send.ts'
import type { CallOptions } from './types.ts'

const eventStream = 'text/event-stream'
const jsonLines = new Set(['application/jsonl', 'application/x-ndjson'])

/**
 * What a call gets of an answer: its value, or an iterator of what streams in.
 * @throws what the server refuses with; TAPRI_CLIENT_ANSWER
 */
export async function receive(
  settings: Settings,
  request: OutgoingRequest,
  answer: Response,
  options: CallOptions,
): Promise<unknown> {
  await refuse(request, answer)
  const type = mediaType(answer)
  if (type === eventStream) return events(settings, request, answer, options)
  if (!jsonLines.has(type)) return readWhole(request, answer)
  const { valuesOf } = await import('./lines.ts')
  return valuesOf(request, answer, options.signal)
}

async function events(settings: Settings, request: OutgoingRequest, first: Response, options: CallOptions) {
  const { signal = new AbortController().signal, retries = settings.retries } = options
  const mayReopen = isRepeatable(request.method) && retries > 0
  const { eventsOf } = await import('./events.ts')
  return eventsOf(first, {
    clock: settings.clock,
    signal,
    refuseToReopen: (lostBy) => (mayReopen ? undefined : lost(request, lostBy)),
    reopen(lastId) {
      const headers = { ...request.headers, ...(lastId !== undefined && { 'last-event-id': lastId }) }
      return send(settings, { ...request, headers }, reopened, { ...options, retries: 0 })
    },
  })
}

async function reopened(request: OutgoingRequest, answer: Response): Promise<Response | undefined> {
  await refuse(request, answer)
  // 204 is how a server says that there are no more (HTML 9.2.3)
  if (answer.status === 204) return undefined
  if (mediaType(answer) === eventStream) return answer
  throw foreign(request, answer)
}
