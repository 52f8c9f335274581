import { filesError, offsetType } from '../files/index.ts'
import type { ProblemKinds } from '../http/index.ts'

type FilesCode = Parameters<typeof filesError>[0]

/** With the status that it has wherever it is thrown. */
function refusals(details: Partial<Record<FilesCode, string>>): ProblemKinds {
  return Object.fromEntries(
    Object.entries(details).map(([code, detail]) => [code, { status: filesError(codeOf(code), detail).status, detail }]),
  )
}

// Keys of an object are texts to the compiler; these are the codes that it was written with.
function codeOf(code: string): FilesCode {
  return code as FilesCode
}

/** Of any request about an upload. */
export const goneRefusals: ProblemKinds = {
  TAPRI_NOT_FOUND: { status: 404, detail: "There is no such upload: it has expired, was given up, or is somebody else's" },
  ...refusals({
    TAPRI_FILES_TUS: 'Cannot speak tus "0.2.2": send Tus-Resumable: 1.0.0',
    TAPRI_FILES_LOCKED: 'Cannot work on this upload: another request does, and does not end; try again',
  }),
}
/** Once all bytes have come. */
export const finishRefusals = refusals({
  TAPRI_FILES_CHECKSUM: 'Cannot accept the file: its SHA-256 is another than was told',
  TAPRI_FILES_TOO_LARGE: 'Cannot accept the upload: it is larger than its field allows',
  TAPRI_FILES_TYPE: 'Cannot accept the upload: its content is of none of the types that its field accepts',
  TAPRI_FILES_UNFINISHED: 'Cannot use this upload yet: not all of its bytes have come',
})
/** Of requests with bytes. */
export const pieceRefusals: ProblemKinds = {
  ...finishRefusals,
  ...refusals({
    TAPRI_FILES_ABORTED: 'Cannot take the body: its sender went away',
    TAPRI_FILES_HEADER: 'Cannot read Upload-Offset: it must be a whole number of bytes',
    TAPRI_FILES_JOINED: 'Cannot append to an upload that was joined of parts: begin another one',
    TAPRI_FILES_LENGTH: 'Cannot take the upload: more bytes came than were announced',
    TAPRI_FILES_OFFSET: 'Cannot append there: the file ends elsewhere, as Upload-Offset says',
    TAPRI_FILES_PIECE_TOO_LARGE: 'Cannot check the sum of this body: it is larger than 64 MiB',
    TAPRI_FILES_QUOTA: 'Cannot take the file: with it you would keep more than you may',
    TAPRI_FILES_TAKEN_OVER: 'Cannot go on with this request: a later one goes on with the upload',
    TAPRI_FILES_UPLOAD_TYPE: `Cannot read the body of this request: its Content-Type must be ${offsetType}`,
  }),
}
export const beginRefusals: ProblemKinds = {
  TAPRI_APP_SIGN_IN: { status: 401, detail: 'Cannot answer a visitor here: sign in first' },
  TAPRI_INVALID: { status: 422, detail: 'Cannot accept the upload: route must name a route' },
  ...refusals({ TAPRI_FILES_UPLOADS: 'Cannot begin another upload: 100 of yours wait to be finished or used' }),
}
