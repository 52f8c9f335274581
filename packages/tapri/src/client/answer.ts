import { readProblem } from '../kit/protocol.ts'
import { decodeWire, wireType } from '../kit/wire.ts'
import { clientError } from './errors.ts'
import type { OutgoingRequest } from './request.ts'

/** An answer before it is understood; `fetch` and uploads in a browser both give one. */
export interface IncomingAnswer {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  text(): Promise<string>
  blob(): Promise<Blob>
}

/**
 * The value of an answer.
 * @throws the error that a problem document describes; TAPRI_CLIENT_ANSWER for what is not from this API
 */
export async function readAnswer(request: OutgoingRequest, answer: IncomingAnswer): Promise<unknown> {
  const type = mediaType(answer.headers.get('content-type'))
  if (answer.status < 200 || answer.status > 299) throw await readRefusal(request, answer, type)
  if (answer.status === 204 || answer.status === 205) return undefined
  if (type === wireType) return parse(request, answer, type, decodeWire)
  if (type === 'application/json' || type.endsWith('+json')) return parse(request, answer, type, JSON.parse)
  return type.startsWith('text/') ? answer.text() : answer.blob()
}

async function readRefusal(request: OutgoingRequest, answer: IncomingAnswer, type: string): Promise<Error> {
  if (!type.endsWith('json')) return foreign(request, answer, type)
  const problem = readProblem(await parse(request, answer, type, JSON.parse))
  return problem ?? foreign(request, answer, type)
}

async function parse(
  request: OutgoingRequest,
  answer: IncomingAnswer,
  type: string,
  read: (text: string) => unknown,
): Promise<unknown> {
  const text = await answer.text()
  try {
    return read(text)
  } catch (cause) {
    throw foreign(request, answer, type, cause)
  }
}

function foreign({ method, url }: OutgoingRequest, { status }: IncomingAnswer, type: string, cause?: unknown): Error {
  const what = type === '' ? 'without a content type' : `of type ${type}`
  return clientError(
    'TAPRI_CLIENT_ANSWER',
    `Cannot understand the answer to ${method} ${url}: status ${status} ${what} is not from this API`,
    {
      facts: { status },
      ...(status >= 400 && { status }),
      ...(cause !== undefined && { cause }),
    },
  )
}

function mediaType(header: string | null): string {
  return (header ?? '').split(';', 1).join('').trim().toLowerCase()
}
