import { type Decode, decoderOf, foreign } from './answer.ts'
import { chunksOf, linesIn } from './chunks.ts'
import { lost } from './lost.ts'
import type { OutgoingRequest } from './request.ts'

/**
 * The values of JSON lines (https://jsonlines.org), each when it is there.
 * @throws TAPRI_CLIENT_UNREACHABLE when the connection fails before the last one; the signal's reason when that aborts
 */
export async function* valuesOf(request: OutgoingRequest, answer: Response, signal?: AbortSignal): AsyncGenerator<unknown> {
  if (answer.body === null) return
  const decode = decoderOf(answer)
  const lines = linesIn(chunksOf(answer.body))
  try {
    for (;;) {
      const { done, value } = await lines.next().catch((cause: unknown) => {
        throw signal?.aborted ? signal.reason : lost(request, cause)
      })
      if (done) return
      if (value !== '') yield decoded(request, answer, value, decode)
    }
  } finally {
    await lines.return(undefined)
  }
}

function decoded(request: OutgoingRequest, answer: Response, line: string, decode: Decode): unknown {
  try {
    return decode(line)
  } catch (cause) {
    throw foreign(request, answer, cause)
  }
}
