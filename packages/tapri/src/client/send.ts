import { TapriError } from '../kit/errors.ts'
import { wireType } from '../kit/wire.ts'
import type { IncomingAnswer } from './answer.ts'
import { clientError } from './errors.ts'
import type { Settings } from './options.ts'
import type { OutgoingRequest } from './request.ts'
import type { CallOptions } from './types.ts'
import { upload } from './upload.ts'

type Read<T> = (request: OutgoingRequest, answer: IncomingAnswer) => Promise<T>

/**
 * Sends a request and reads its answer. A GET whose connection fails is sent once more; a write never is, it may have
 * been done.
 * @throws TAPRI_CLIENT_UNREACHABLE when the connection fails; the signal's reason when that aborts
 */
export async function send<T>(
  settings: Settings,
  request: OutgoingRequest,
  read: Read<T>,
  options: CallOptions = {},
): Promise<T> {
  const { signal } = options
  for (let tries = request.method === 'GET' ? 2 : 1; ; tries--) {
    signal?.throwIfAborted()
    try {
      return await read(request, await exchange(settings, request, options))
    } catch (cause) {
      if (signal?.aborted) throw signal.reason
      if (cause instanceof TapriError) throw cause
      if (tries > 1) continue
      const { method, url } = request
      throw clientError('TAPRI_CLIENT_UNREACHABLE', `Cannot reach ${method} ${url}: the connection failed`, { cause })
    }
  }
}

function exchange(settings: Settings, request: OutgoingRequest, options: CallOptions): Promise<IncomingAnswer> {
  const headers: Record<string, string> = { ...request.headers, accept: `${wireType}, application/json;q=0.9, */*;q=0.8` }
  if (settings.token !== undefined) headers.authorization = `Bearer ${settings.token}`
  if (options.onProgress !== undefined) return upload(settings, { ...request, headers }, options.onProgress, options.signal)
  return settings.fetch(request.url, {
    method: request.method,
    headers,
    body: request.body ?? null,
    credentials: settings.credentials,
    signal: options.signal ?? null,
  })
}
