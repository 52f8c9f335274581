import { TapriError } from '../../kit/errors.ts'
import { filesError } from '../errors.ts'

/** What a server of files said when it did not do what it was asked. */
export interface Refusal {
  /** Where the files are, without secrets. */
  readonly shown: string
  /** HTTP; undefined when there was no answer. */
  readonly status: number | undefined
  /** Its own name for what is wrong. */
  readonly word: string
  readonly cause: unknown
}

/** An error of a server of files as one that people understand; an abort, and what is one already, as it is. */
export function remoteError({ shown, status, word, cause }: Refusal): unknown {
  if (cause instanceof TapriError || (cause instanceof Error && cause.name === 'AbortError')) return cause
  const [answer, why] = reasonOf(status)
  return filesError('TAPRI_FILES_STORE', `Cannot use the files at "${shown}": ${why} (${word})`, { cause, status: answer })
}

/** The status that a caller is answered with, and the sentence. */
function reasonOf(status: number | undefined): readonly [number, string] {
  switch (status) {
    case undefined:
      return [503, 'it cannot be reached']
    case 401:
    case 403:
      return [507, 'it refuses the credentials of FILES_URL, or they may not do this']
    case 404:
      return [507, 'there is no such place']
    case 429:
      return [503, 'it takes no more requests for now']
    default:
      return status >= 500 ? [503, 'it does not answer as it should'] : [507, 'it refuses this']
  }
}

/** Says that a package has to be installed, when that is what an import failed of. */
export function withoutPackage(names: readonly string[], cause: unknown): unknown {
  if (!(cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND')) return cause
  const list = names.map((name) => `"${name}"`).join(' or ')
  const message = `Cannot use FILES_URL: the package ${list} is not installed, run "npm install ${names.join(' ')}"`
  return filesError('TAPRI_FILES_NO_SDK', message, { cause })
}
