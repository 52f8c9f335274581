import type { TapriError } from '../../../kit/errors.ts'
import type { Model } from '../../catalog.ts'
import { dataError } from '../../errors.ts'

// https://sqlite.org/rescode.html: the low byte is the kind, the rest says more
const busy = 5
const locked = 6
const uniqueConstraint = 2067
const primaryKeyConstraint = 1555
export const foreignKeyConstraint = 787
/** readonly, io error, corrupt, full, cannot open, not a database */
const storage = new Set([8, 10, 11, 13, 14, 26])

/** What went wrong in SQLite, said in the terms of the data room. */
export function translate(cause: unknown): unknown {
  const code = codeOf(cause)
  if (code === undefined || !(cause instanceof Error)) return cause
  if (code === uniqueConstraint || code === primaryKeyConstraint) return notUnique(cause)
  if (code === foreignKeyConstraint) {
    return dataError('TAPRI_DATA_NO_SUCH_ROW', 'Cannot commit: a row refers to one that is not there', { cause })
  }
  const kind = code & 0xff
  if (kind === busy || kind === locked) {
    return dataError('TAPRI_DATA_BUSY', 'Cannot write: another process has kept the database locked for 5 seconds', { cause })
  }
  if (storage.has(kind)) return dataError('TAPRI_DATA_STORAGE', `Cannot use the database file: ${cause.message}`, { cause })
  return cause
}

/** SQLite adds whole numbers in 64 bits, and gives up beyond. */
export function sumTooLarge(model: Model, cause: unknown): unknown {
  if (!(cause instanceof Error) || cause.message !== 'integer overflow') return cause
  return dataError('TAPRI_DATA_QUERY', `Cannot query ${model.name}: a sum is beyond what a number holds: narrow the where`, {
    cause,
  })
}

export function codeOf(cause: unknown): number | undefined {
  if (typeof cause !== 'object' || cause === null || !('errcode' in cause)) return undefined
  return typeof cause.errcode === 'number' ? cause.errcode : undefined
}

// "UNIQUE constraint failed: videos.title, videos.author"
function notUnique(cause: Error): TapriError {
  const names = cause.message.slice(cause.message.indexOf(':') + 1).split(',')
  const fields = names.map((name) => name.trim().split('.').at(-1) ?? '')
  const model = names[0]?.trim().split('.')[0] ?? ''
  return dataError('TAPRI_DATA_NOT_UNIQUE', `Cannot save in ${model}: another row has the same ${fields.join(' and ')}`, {
    cause,
    facts: { model, fields },
    issues: fields.map((field) => ({ path: [field], message: 'is taken' })),
  })
}
