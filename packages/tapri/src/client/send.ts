import { TapriError } from '../kit/errors.ts'
import { milliseconds } from '../kit/measures.ts'
import { wireType } from '../kit/wire.ts'
import { Backoff } from './backoff.ts'
import { Deadline, pause } from './deadline.ts'
import { clientError } from './errors.ts'
import type { Settings } from './options.ts'
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
  let thrown: { readonly error: unknown } | undefined
  const told = toldBy(options, (error) => {
    thrown = { error }
  })
  let left = isRepeatable(request.method, options.key) ? (options.retries ?? settings.retries) : 0
  try {
    for (;;) {
      let answer: Response | undefined
      try {
        signal.throwIfAborted()
        answer = await exchange(settings, request, { ...told, signal })
        return await read(request, answer)
      } catch (cause) {
        if (thrown !== undefined) throw thrown.error
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

/** The same, so that what the caller's own functions throw is not taken for a connection that failed. */
function toldBy({ onProgress, onDownload, ...others }: CallOptions, onThrown: (error: unknown) => void): CallOptions {
  const heard = <Progress>(tell: (progress: Progress) => void) => {
    return (progress: Progress) => {
      try {
        tell(progress)
      } catch (error) {
        onThrown(error)
        throw error
      }
    }
  }
  return {
    ...others,
    ...(onProgress !== undefined && { onProgress: heard(onProgress) }),
    ...(onDownload !== undefined && { onDownload: heard(onDownload) }),
  }
}

/** Files take as long as they are large, so nobody can say how long that may be. */
function allowedTime(settings: Settings, { body }: OutgoingRequest, { timeout }: CallOptions): number | undefined {
  if (timeout !== undefined) return milliseconds(timeout)
  return body instanceof Blob || body instanceof FormData ? undefined : settings.timeout
}

async function exchange(settings: Settings, request: OutgoingRequest, options: CallOptions): Promise<Response> {
  const { kept } = settings
  const ask = (headers: Readonly<Record<string, string>>) => sendOnce(settings, addHeaders(request, headers), options)
  const answer = await (kept === undefined || request.method !== 'GET' ? ask({}) : kept.ask(request.url, ask))
  if (options.onDownload === undefined) return answer
  const { counted } = await import('./download.ts')
  return counted(answer, options.onDownload)
}

function addHeaders(request: OutgoingRequest, headers: Readonly<Record<string, string>>): OutgoingRequest {
  return { ...request, headers: { ...request.headers, ...headers } }
}

// what few pages need is loaded when it is needed
async function sendOnce(
  settings: Settings,
  request: OutgoingRequest,
  { key, onProgress, signal }: CallOptions,
): Promise<Response> {
  const headers: Record<string, string> = { ...request.headers, accept: `${wireType}, application/json;q=0.9, */*;q=0.8` }
  if (settings.token !== undefined) headers.authorization = `Bearer ${settings.token}`
  if (key !== undefined) headers['idempotency-key'] = quoted(key)
  if (onProgress !== undefined) {
    const { sendWithProgress } = await import('./send-with-progress.ts')
    return sendWithProgress(settings, { ...request, headers }, onProgress, signal)
  }
  return settings.fetch(request.url, {
    method: request.method,
    headers,
    body: request.body ?? null,
    credentials: settings.credentials,
    signal: signal ?? null,
  })
}

/** A string of RFC 9651 3.3.3.
 * @throws TAPRI_CLIENT_INPUT */
function quoted(key: string): string {
  if (/^[\x20-\x7e]+$/.test(key)) return `"${key.replace(/["\\]/g, '\\$&')}"`
  throw clientError('TAPRI_CLIENT_INPUT', `Cannot use "${key}" as a key: it must be printable ASCII`)
}
