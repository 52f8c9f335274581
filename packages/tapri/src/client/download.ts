import type { CallOptions } from './types.ts'

/** The same answer, which tells how much of it has come while it is read. */
export function counted(answer: Response, onDownload: NonNullable<CallOptions['onDownload']>): Response {
  const { headers, status, statusText } = answer
  const length = headers.get('content-length')
  // the length is that of the compressed bytes, and what comes out of `body` is not compressed any more
  const total = length === null || headers.has('content-encoding') ? undefined : Number(length)
  let received = 0
  onDownload({ received, total })
  if (answer.body === null) return answer
  const counting = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      received += chunk.byteLength
      onDownload({ received, total })
      controller.enqueue(chunk)
    },
    flush: () => onDownload({ received, total: received }),
  })
  return new Response(answer.body.pipeThrough(counting), { headers, status, statusText })
}
