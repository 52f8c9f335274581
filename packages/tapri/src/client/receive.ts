import { mediaType, readWhole, refuse } from './answer.ts'
import { loadPart } from './load-part.ts'
import type { Settings } from './options.ts'
import type { OutgoingRequest } from './request.ts'
import type { CallOptions } from './types.ts'

/**
 * What a call gets of an answer: its value, or an iterator of what streams in.
 * @throws what the server refuses with; TAPRI_CLIENT_ANSWER, TAPRI_CLIENT_PART
 */
export async function receive(
  settings: Settings,
  request: OutgoingRequest,
  answer: Response,
  options: CallOptions,
): Promise<unknown> {
  await refuse(request, answer)
  const loading = { clock: settings.clock, signal: options.signal }
  switch (mediaType(answer)) {
    case 'text/event-stream': {
      const { receiveEvents } = await loadPart('events', () => import('./receive-events.ts'), loading)
      return receiveEvents(settings, request, answer, options)
    }
    case 'application/jsonl':
    case 'application/x-ndjson': {
      const { valuesOf } = await loadPart('JSON lines', () => import('./lines.ts'), loading)
      return valuesOf(request, answer, options.signal)
    }
    default:
      return readWhole(request, answer)
  }
}
