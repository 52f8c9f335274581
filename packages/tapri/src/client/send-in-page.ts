import type { Settings } from './options.ts'
import type { OutgoingRequest } from './request.ts'
import type { CallOptions } from './types.ts'

/** Sends a request by XMLHttpRequest, which tells how much of the body has left. */
export function sendInPage(
  settings: Settings,
  request: OutgoingRequest,
  onProgress: NonNullable<CallOptions['onProgress']>,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const sender = new XMLHttpRequest()
  const abort = () => sender.abort()
  const answered = new Promise<Response>((resolve, reject) => {
    let total = 0
    sender.upload.onloadstart = (event) => {
      total = event.total
      onProgress({ sent: 0, total })
    }
    sender.upload.onprogress = (event) => onProgress({ sent: event.loaded, total: event.total })
    sender.onload = () => {
      onProgress({ sent: total, total })
      resolve(answerOf(sender))
    }
    sender.onerror = () => reject(new TypeError('Failed to upload'))
    sender.onabort = () => reject(new TypeError('The upload was aborted'))
  })
  // without a body there is no upload that could tell of its start
  if (request.body === undefined) onProgress({ sent: 0, total: 0 })
  sender.open(request.method, request.url)
  sender.responseType = 'blob'
  sender.withCredentials = settings.credentials === 'include'
  for (const [name, value] of Object.entries(request.headers)) sender.setRequestHeader(name, value)
  signal?.addEventListener('abort', abort)
  sender.send(request.body ?? null)
  return answered.finally(() => signal?.removeEventListener('abort', abort))
}

function answerOf(sender: XMLHttpRequest): Response {
  const { status, statusText } = sender
  const headers = new Headers()
  for (const line of sender.getAllResponseHeaders().trim().split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  // a Response of these has no body, not even an empty one
  const isEmpty = status === 204 || status === 205 || status === 304
  return new Response(isEmpty ? null : sender.response, { status, statusText, headers })
}
