import type { Settings } from './options.ts'
import type { OutgoingBody, OutgoingRequest } from './request.ts'
import { sendInPage } from './send-in-page.ts'
import type { CallOptions } from './types.ts'

type OnProgress = NonNullable<CallOptions['onProgress']>

/** Sends a request and tells how much of its body has left. */
export function sendWithProgress(
  settings: Settings,
  request: OutgoingRequest,
  onProgress: OnProgress,
  signal: AbortSignal | undefined,
): Promise<Response> {
  // a page's fetch cannot tell; XMLHttpRequest can, and only pages have it
  if (typeof XMLHttpRequest !== 'undefined') return sendInPage(settings, request, onProgress, signal)
  return sendAsStream(settings, request, onProgress, signal)
}

async function sendAsStream(
  settings: Settings,
  request: OutgoingRequest,
  onProgress: OnProgress,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const encoded = new Response(request.body ?? null)
  const total = await sizeOf(request.body)
  const contentType = encoded.headers.get('content-type')
  let sent = 0
  onProgress({ sent, total })
  const counted = encoded.body?.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        sent = Math.min(total, sent + chunk.byteLength)
        controller.enqueue(chunk)
        if (sent < total) onProgress({ sent, total })
      },
    }),
  )
  const init: RequestInit & { readonly duplex: 'half' } = {
    method: request.method,
    headers: { ...(contentType !== null && { 'content-type': contentType }), ...request.headers },
    body: counted ?? null,
    credentials: settings.credentials,
    signal: signal ?? null,
    duplex: 'half',
  }
  const answer = await settings.fetch(request.url, init)
  onProgress({ sent: total, total })
  return answer
}

/** Bytes of the body; a form's own lines are measured by encoding it without its files. */
async function sizeOf(body: OutgoingBody): Promise<number> {
  if (body === undefined) return 0
  if (body instanceof Blob) return body.size
  if (typeof body === 'string') return new TextEncoder().encode(body).byteLength
  const frame = new FormData()
  let files = 0
  for (const [key, value] of body) {
    if (typeof value === 'string') frame.append(key, value)
    else {
      files += value.size
      frame.append(key, new Blob([], { type: value.type }), value.name)
    }
  }
  return files + (await new Response(frame).arrayBuffer()).byteLength
}
