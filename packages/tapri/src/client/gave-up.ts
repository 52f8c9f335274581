import { clientError } from './errors.ts'

/** Why a call that waited was not made. */
export function gaveUp() {
  return clientError('TAPRI_CLIENT_QUEUE', 'Cannot make the call: its client was closed')
}
