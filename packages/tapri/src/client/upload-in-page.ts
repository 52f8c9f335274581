import type { IncomingAnswer } from './answer.ts'
import type { Settings } from './options.ts'
import type { OutgoingRequest } from './request.ts'
import type { CallOptions } from './types.ts'

/** Sends a request by XMLHttpRequest, which tells how much of the body has left. */
export function uploadInPage(
  settings: Settings,
  request: OutgoingRequest,
  onProgress: NonNullable<CallOptions['onProgress']>,
  signal: AbortSignal | undefined,
): Promise<IncomingAnswer> {
  const sender = new XMLHttpRequest()
  const abort = () => sender.abort()
  const answered = new Promise<IncomingAnswer>((resolve, reject) => {
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

function answerOf(sender: XMLHttpRequest): IncomingAnswer {
  const blob = sender.response instanceof Blob ? sender.response : new Blob()
  return {
    status: sender.status,
    headers: { get: (name) => sender.getResponseHeader(name) },
    text: () => blob.text(),
    blob: async () => blob,
  }
}
