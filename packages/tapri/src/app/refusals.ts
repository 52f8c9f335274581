import { bodyKind, type ProblemKinds, type ServedRoute } from '../http/index.ts'
import { outputFacts } from '../schema/index.ts'
import type { AppDescription } from './types.ts'

/** What data, files and sign-in may refuse on a route, for the API's description. */
export function refusalsIn({ models }: AppDescription): (route: ServedRoute) => ProblemKinds {
  const hasUsers = Object.hasOwn(models, 'users')
  const hasModels = Object.keys(models).length > 0
  return (route) => ({
    ...(hasUsers && signInRefusals),
    ...(route.access !== 'visitor' && memberRefusals),
    ...(route.path.includes(':') && rowRefusals),
    ...(isPage(route) && pageRefusals),
    ...(hasModels && route.method !== 'get' && writeRefusals),
    ...(hasModels && route.spec.body !== undefined && valueRefusals),
    ...(hasModels && route.method === 'delete' && deleteRefusals),
    ...(bodyKind(route) === 'form' && fileRefusals),
  })
}

function isPage({ spec }: ServedRoute): boolean {
  return spec.output !== undefined && outputFacts(spec.output).kind === 'page'
}

const signInRefusals: ProblemKinds = {
  TAPRI_AUTH_SESSION: { status: 401, detail: 'Cannot accept the token: it is unknown or over, sign in again' },
}
const memberRefusals: ProblemKinds = {
  TAPRI_APP_SIGN_IN: { status: 401, detail: 'Cannot answer a visitor here: sign in first' },
}
const rowRefusals: ProblemKinds = {
  TAPRI_NOT_FOUND: { status: 404, detail: 'There is no such row, or none that you may read' },
}
const pageRefusals: ProblemKinds = {
  TAPRI_DATA_CURSOR: { status: 400, detail: 'Cannot go on after this cursor: it is none of this list' },
}
const writeRefusals: ProblemKinds = {
  TAPRI_DENIED: { status: 403, detail: 'Cannot write this row: you may not' },
  TAPRI_DATA_CONFLICT: { status: 409, detail: 'Cannot finish: others changed the same rows again and again' },
}
const valueRefusals: ProblemKinds = {
  TAPRI_DATA_NOT_UNIQUE: { status: 409, detail: 'Cannot write this row: another one has the same values' },
  TAPRI_DATA_NO_SUCH_ROW: { status: 422, detail: 'Cannot write this row: one that it names is not there' },
}
const deleteRefusals: ProblemKinds = {
  TAPRI_DATA_STILL_USED: { status: 409, detail: 'Cannot delete this row: others still name it' },
}
const fileRefusals: ProblemKinds = {
  TAPRI_FILES_QUOTA: { status: 413, detail: 'Cannot take the file: with it you would keep more than you may' },
  TAPRI_FILES_TAKEN: { status: 409, detail: 'Cannot write this row: another row has this file' },
  TAPRI_FILES_UNFINISHED: { status: 409, detail: 'Cannot use this upload yet: not all of its bytes have come' },
  TAPRI_FILES_FORM: { status: 400, detail: 'Cannot read the form: it is not multipart/form-data as RFC 7578 writes it' },
  TAPRI_FILES_TOO_LARGE: { status: 413, detail: 'Cannot store the file: it is larger than its field allows' },
  TAPRI_FILES_TYPE: { status: 415, detail: 'Cannot store the file: its content is of none of the types that its field accepts' },
}
