import type { TapriError } from '../kit/errors.ts'
import { clientError } from './errors.ts'
import type { OutgoingRequest } from './request.ts'

/** The error for a connection that ended in the middle of an answer. */
export function lost({ method, url }: OutgoingRequest, cause: unknown): TapriError {
  return clientError('TAPRI_CLIENT_UNREACHABLE', `Cannot read ${method} ${url} to its end: the connection failed`, { cause })
}
