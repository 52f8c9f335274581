import { foreign, mediaType, refuse } from './answer.ts'
import { eventsOf, type ReceivedEvent } from './events.ts'
import { lost } from './lost.ts'
import type { Settings } from './options.ts'
import { isRepeatable } from './repeat.ts'
import type { OutgoingRequest } from './request.ts'
import { send } from './send.ts'
import type { CallOptions } from './types.ts'

/** The events that a call was answered with, through lost connections where the call may be sent again. */
export function receiveEvents(
  settings: Settings,
  request: OutgoingRequest,
  first: Response,
  options: CallOptions,
): AsyncGenerator<ReceivedEvent> {
  const { signal = new AbortController().signal, retries = settings.retries } = options
  const mayReopen = isRepeatable(request.method) && retries > 0
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
  if (mediaType(answer) === 'text/event-stream') return answer
  throw foreign(request, answer)
}
