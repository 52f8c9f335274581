import type { TapriError } from '../../kit/errors.ts'
import { formatBytes } from '../../kit/measures.ts'
import { filesError } from '../errors.ts'

export function appendsElsewhere(offset: number, kept: number): TapriError {
  return filesError('TAPRI_FILES_OFFSET', `Cannot append at ${offset}: the file has ${kept} bytes so far`, {
    facts: { offset: kept },
  })
}

export function tooManyPieces(most: number): TapriError {
  const how = 'send larger pieces, or set a larger "part" in FILES_URL'
  return filesError(
    'TAPRI_FILES_STORE',
    `Cannot append to the file: it has ${formatBytes(most)} in as many pieces as there may be, ${how}`,
  )
}

/** What S3 and Azure both take in one request: 5,000 MiB. */
const mostAtOnce = 5000 * 1024 ** 2

/** @throws TAPRI_FILES_TOO_LARGE */
export function checkDirectSize(size: number): void {
  if (size <= mostAtOnce) return
  const most = `a file of ${formatBytes(size)} does not go there at once, at most ${formatBytes(mostAtOnce)} does`
  throw filesError('TAPRI_FILES_TOO_LARGE', `Cannot send it straight to the store: ${most}; send it in pieces`)
}
