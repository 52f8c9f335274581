import { TapriError } from '../../../kit/errors.ts'
import type { Model } from '../../catalog.ts'
import { dataError } from '../../errors.ts'
import { uniqueName } from '../../migration/wanted.ts'
import { unreachable } from '../said.ts'

/** What went wrong in MongoDB, said in the terms of the data room. https://www.mongodb.com/docs/manual/reference/error-codes */
export function translate(cause: unknown): unknown {
  if (!(cause instanceof Error) || cause instanceof TapriError) return cause
  const code = codeOf(cause)
  // in a transaction a lost connection bears the label of a conflict too
  if (lostNames.has(cause.name) || unreachableCodes.has(code ?? 0)) return unreachable(cause)
  if (isTooLarge(cause)) return tooLarge(cause)
  if (timeoutCodes.has(code ?? 0) || cause.name === 'MongoOperationTimeoutError') return timeout(cause)
  if (conflictCodes.has(code ?? 0) || hasLabel(cause, 'TransientTransactionError')) return conflict(cause)
  if (storageCodes.has(code ?? 0)) return storage(cause)
  return cause
}

/** The fields of the model that another row has the same, by the name of the index. */
export function translateWrite(cause: unknown, model: Model): unknown {
  if (!(cause instanceof Error) || codeOf(cause) !== 11000) return translate(cause)
  const index = /index: (\S+)/.exec(cause.message)?.[1]
  const fields = model.unique.find((columns) => uniqueName(model, columns) === index) ?? ['id']
  return taken(model, fields, cause)
}

export function taken(model: Model, fields: readonly string[], cause?: unknown): TapriError {
  return dataError('TAPRI_DATA_NOT_UNIQUE', `Cannot save in ${model.name}: another row has the same ${fields.join(' and ')}`, {
    cause,
    facts: { model: model.name, fields },
    issues: fields.map((field) => ({ path: [field], message: 'is taken' })),
  })
}

/** What a transaction that is run again may not meet: somebody else was in its way. */
export function mayPass(error: unknown): boolean {
  return error instanceof TapriError && error.code === 'TAPRI_DATA_CONFLICT'
}

/** What went wrong in a command that several writes share, without what the package wraps it in. */
export function commandError(cause: unknown): unknown {
  const isWrapped = cause instanceof Error && 'errorResponse' in cause && cause.errorResponse instanceof Error
  return isWrapped ? cause.errorResponse : cause
}

/** The connection, not what was asked of it, is what failed. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof TapriError && error.code === 'TAPRI_DATA_UNREACHABLE'
}

export function codeOf(cause: unknown): number | undefined {
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return undefined
  return typeof cause.code === 'number' ? cause.code : undefined
}

/** The server marks errors for what may be done about them. */
export function hasLabel(cause: unknown, label: string): boolean {
  const labels: unknown = cause instanceof Error && 'errorLabels' in cause ? cause.errorLabels : []
  return Array.isArray(labels) && labels.includes(label)
}

const lostNames: ReadonlySet<string> = new Set([
  'MongoNetworkError',
  'MongoNetworkTimeoutError',
  'MongoServerSelectionError',
  'MongoNotConnectedError',
  'MongoTopologyClosedError',
  'MongoServerClosedError',
  'MongoClientClosedError',
  'MongoPoolClosedError',
  'MongoPoolClearedError',
  'MongoWaitQueueTimeoutError',
])

// the member that was asked steps down, stops, starts, or is no primary any more
const unreachableCodes: ReadonlySet<number> = new Set([6, 7, 89, 91, 189, 9001, 10058, 10107, 11600, 11602, 13435, 13436])
// WriteConflict, NoSuchTransaction, LockTimeout, ConflictingOperationInProgress, SnapshotUnavailable, SnapshotTooOld
const conflictCodes: ReadonlySet<number> = new Set([24, 112, 117, 239, 246, 251])
const timeoutCodes: ReadonlySet<number> = new Set([50, 262])
// Unauthorized, AuthenticationFailed, OutOfDiskSpace
const storageCodes: ReadonlySet<number> = new Set([13, 18, 14031])

function isTooLarge(cause: Error): boolean {
  if ([10334, 17419, 17420].includes(codeOf(cause) ?? 0)) return true
  // the package writes into a buffer of a little more than 16 MB
  if (cause instanceof RangeError && cause.message.includes('"offset" is out of range')) return true
  return /larger than (?:MaxDocumentSize|the maximum size|the max)|is too large|exceeds maximum size/i.test(cause.message)
}

function tooLarge(cause: Error): TapriError {
  const message = 'Cannot save: it would be a document of more than 16 MB, which MongoDB does not keep; write less at once'
  return dataError('TAPRI_DATA_QUERY', message, { cause })
}

function timeout(cause: Error): TapriError {
  const message = 'Cannot wait for the database: an operation took longer than statement_timeout allows'
  return dataError('TAPRI_DATA_TIMEOUT', message, { cause })
}

function conflict(cause: Error): TapriError {
  const message = 'Cannot commit: another transaction changed the same rows at the same time, try again'
  return dataError('TAPRI_DATA_CONFLICT', message, { cause })
}

function storage(cause: Error): TapriError {
  return dataError('TAPRI_DATA_STORAGE', `Cannot use the database: ${cause.message}`, { cause })
}
