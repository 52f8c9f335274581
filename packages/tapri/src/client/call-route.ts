import { refuse } from './answer.ts'
import { unlessAborted } from './deadline.ts'
import { loadPart } from './load-part.ts'
import type { Parts } from './parts.ts'
import { type OutgoingRequest, outgoing } from './request.ts'
import { send } from './send.ts'
import type { CallOptions } from './types.ts'

type Input = Readonly<Record<string, unknown>>

interface Reading<T> {
  readonly options: CallOptions
  /** In place of the route's own. */
  readonly method?: string
  read(request: OutgoingRequest, answer: Response): Promise<T>
}

/** Calls a route and reads its answer.
 * @throws TAPRI_CLIENT_ROUTE, TAPRI_CLIENT_INPUT, and what `send` and the reading throw */
export async function callRoute<T>(parts: Parts, name: string, input: Input, reading: Reading<T>): Promise<T> {
  const { settings, manifest, live } = parts
  const { method, read, options } = reading
  const route = await unlessAborted(manifest.route(name), options.signal)
  // few routes take files
  const loading = { clock: settings.clock, signal: options.signal }
  const files = route.body === 'form' ? await loadPart('files', () => import('./uploads/ahead.ts'), loading) : undefined
  const asked = { input, options }
  const call = (await files?.sendAhead(settings, name, asked)) ?? asked
  const request = outgoing(settings.base, name, route, call.input)
  return send(
    settings,
    method === undefined ? request : { ...request, method },
    async (request, answer) => {
      try {
        const value = await read(request, answer)
        files?.given(call.input)
        return value
      } finally {
        // a refusal too may come after a session began or ended
        if (answer.headers.get('tapri-session') !== null) live.renew()
      }
    },
    call.options,
  )
}

/** The answer as it is. */
export async function unread(request: OutgoingRequest, answer: Response): Promise<Response> {
  await refuse(request, answer)
  return answer
}

/** Undefined for a refusal that does not tell. */
export async function readExistence(_request: OutgoingRequest, { ok, status }: Response): Promise<boolean | undefined> {
  if (ok) return true
  return status === 404 || status === 410 ? false : undefined
}

/** That it is there, of an answer that is no refusal. */
export async function confirm(request: OutgoingRequest, answer: Response): Promise<boolean> {
  await refuse(request, answer)
  await answer.body?.cancel()
  return true
}
