import { clientError } from './errors.ts'

/** Why a channel that was left answers nothing. */
export function left() {
  return clientError('TAPRI_CLIENT_LEFT', 'Cannot say or hear anything: the channel was left')
}
