import { errorTable, type TapriError } from '../kit/errors.ts'
import type { OutgoingRequest } from './request.ts'

export const clientError = errorTable({
  TAPRI_CLIENT_UNREACHABLE: 503,
  TAPRI_CLIENT_TIMEOUT: 504,
  TAPRI_CLIENT_ANSWER: 502,
  TAPRI_CLIENT_ROUTE: 404,
  TAPRI_CLIENT_INPUT: 400,
  TAPRI_CLIENT_URL: 500,
  TAPRI_CLIENT_LIVE: 503,
  TAPRI_CLIENT_QUEUE: 503,
  TAPRI_CLIENT_LEFT: 409,
  TAPRI_CLIENT_CANCELLED: 409,
})

/** The error for a connection that ended in the middle of an answer. */
export function lost({ method, url }: OutgoingRequest, cause: unknown): TapriError {
  return clientError('TAPRI_CLIENT_UNREACHABLE', `Cannot read ${method} ${url} to its end: the connection failed`, { cause })
}
