import { readProblem } from '../kit/protocol.ts'
import { decodeWire, wireProfile, wireType } from '../kit/wire.ts'
import { clientError } from './errors.ts'
import type { OutgoingRequest } from './request.ts'

/** How the texts of an answer become values. */
export type Decode = (text: string) => unknown

/**
 * The value of an answer that is read whole.
 * @throws TAPRI_CLIENT_ANSWER for what is not from this API
 */
export async function readWhole(request: OutgoingRequest, answer: Response): Promise<unknown> {
  const type = mediaType(answer)
  if (answer.status === 204 || answer.status === 205) return undefined
  if (type === wireType) return parse(request, answer, decodeWire)
  if (isJson(type)) return parse(request, answer, JSON.parse)
  return type.startsWith('text/') ? answer.text() : answer.blob()
}

/**
 * Lets answers pass that are no refusals.
 * @throws the error that a problem document describes; TAPRI_CLIENT_ANSWER for what is not from this API
 */
export async function refuse(request: OutgoingRequest, answer: Response): Promise<void> {
  if (answer.ok) return
  if (!isJson(mediaType(answer))) throw foreign(request, answer)
  throw readProblem(await parse(request, answer, JSON.parse)) ?? foreign(request, answer)
}

/** The media type of an answer, without its parameters; empty when it has none. */
export function mediaType({ headers }: Response): string {
  return (headers.get('content-type') ?? '').split(';', 1).join('').trim().toLowerCase()
}

/** How the values of a stream are written. */
export function decoderOf({ headers }: Response): Decode {
  return (headers.get('content-type') ?? '').includes(wireProfile) ? decodeWire : JSON.parse
}

/** The error for an answer that cannot be one of this API. */
export function foreign({ method, url }: OutgoingRequest, answer: Response, cause?: unknown): Error {
  const { status } = answer
  const type = mediaType(answer)
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

async function parse(request: OutgoingRequest, answer: Response, read: Decode): Promise<unknown> {
  const text = await answer.text()
  try {
    return read(text)
  } catch (cause) {
    throw foreign(request, answer, cause)
  }
}

function isJson(type: string): boolean {
  return type === 'application/json' || type.endsWith('+json')
}
