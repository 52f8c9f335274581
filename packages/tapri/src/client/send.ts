import { TapriError } from '../kit/errors.ts'
import { milliseconds } from '../kit/measures.ts'
import { wireType } from '../kit/wire.ts'
import { Backoff } from './backoff.ts'
import { Deadline, pause, unlessAborted } from './deadline.ts'
import { clientError } from './errors.ts'
import { loadPart } from './load-part.ts'
import type { Settings } from './options.ts'
import type { Progress } from './progress.ts'
import { isRepeatable, waitBefore } from './repeat.ts'
import type { OutgoingRequest } from './request.ts'
import type { CallOptions } from './types.ts'

type Read<T> = (request: OutgoingRequest, answer: Response) => Promise<T>

/**
 * Sends a request and reads its answer; again, when the connection or the server fails for a moment and doing it twice is
 * doing it once. What `read` has handed out is never begun again.
 * @throws TAPRI_CLIENT_UNREACHABLE, TAPRI_CLIENT_TIMEOUT; the signal's reason when that aborts; what `read` throws
 */
export async function send<T>(
  settings: Settings,
  request: OutgoingRequest,
  read: Read<T>,
  options: CallOptions = {},
): Promise<T> {
  const { clock } = settings
  const what = `${request.method} ${request.url}`
  const deadline = new Deadline(clock, allowedTime(settings, request, options), { what, signal: options.signal })
  const { signal } = deadline
  const backoff = new Backoff()
  let left = isRepeatable(request.method, options.key) ? (options.retries ?? settings.retries) : 0
  try {
    const progress = await progressOf(settings, options, signal)
    for (;;) {
      let answer: Response | undefined
      try {
        signal.throwIfAborted()
        answer = await exchange(settings, request, { key: options.key, progress, signal })
        return await read(request, answer)
      } catch (cause) {
        progress?.check()
        if (signal.aborted) throw signal.reason
        const wait = left-- > 0 ? waitBefore({ cause, answer }, backoff, clock) : undefined
        if (wait !== undefined) await pause(clock, wait, signal)
        else if (cause instanceof TapriError) throw cause
        else throw clientError('TAPRI_CLIENT_UNREACHABLE', `Cannot reach ${what}: the connection failed`, { cause })
      }
    }
  } finally {
    deadline.clear()
  }
}

interface Exchange {
  readonly key: string | undefined
  /** Undefined when nobody wants to hear of it. */
  readonly progress: Progress | undefined
  readonly signal: AbortSignal
}

async function progressOf({ clock }: Settings, options: CallOptions, signal: AbortSignal): Promise<Progress | undefined> {
  if (options.onProgress === undefined && options.onDownload === undefined) return undefined
  const { Progress } = await loadPart('progress', () => import('./progress.ts'), { clock, signal })
  return new Progress(options)
}

/** Files take as long as they are large, so nobody can say how long that may be. */
function allowedTime(settings: Settings, { body }: OutgoingRequest, { timeout }: CallOptions): number | undefined {
  if (timeout !== undefined) return milliseconds(timeout)
  return body instanceof Blob || body instanceof FormData ? undefined : settings.timeout
}

async function exchange(settings: Settings, request: OutgoingRequest, how: Exchange): Promise<Response> {
  const { clock, keep } = settings
  const ask = (headers: Readonly<Record<string, string>>) => sendOnce(settings, addHeaders(request, headers), how)
  const keeps = keep !== undefined && request.method === 'GET'
  // a browser keeps by itself
  const kept = keeps ? await loadPart('kept answers', () => import('./kept.ts'), { clock, signal: how.signal }) : undefined
  const answer = await (kept === undefined ? ask({}) : kept.keptOf(settings).ask(request.url, ask))
  return how.progress?.received(answer) ?? answer
}

function addHeaders(request: OutgoingRequest, headers: Readonly<Record<string, string>>): OutgoingRequest {
  return { ...request, headers: { ...request.headers, ...headers } }
}

async function sendOnce(settings: Settings, request: OutgoingRequest, { key, progress, signal }: Exchange): Promise<Response> {
  const { credentials, fetch, token } = settings
  const headers: Record<string, string> = { accept: `${wireType}, application/json;q=0.9, */*;q=0.8` }
  const bearer = typeof token === 'function' ? await unlessAborted(Promise.resolve(token()), signal) : token
  if (bearer !== undefined) headers.authorization = `Bearer ${bearer}`
  if (key !== undefined) headers['idempotency-key'] = quoted(key)
  const whole = addHeaders(request, headers)
  const { method, url, body = null } = whole
  return progress?.send(settings, whole, signal) ?? fetch(url, { method, headers: whole.headers, body, credentials, signal })
}

/** A string of RFC 9651 3.3.3.
 * @throws TAPRI_CLIENT_INPUT */
function quoted(key: string): string {
  if (/^[\x20-\x7e]+$/.test(key)) return `"${key.replace(/["\\]/g, '\\$&')}"`
  throw clientError('TAPRI_CLIENT_INPUT', `Cannot use "${key}" as a key: it must be printable ASCII`)
}
