import type { Document } from './bson.ts'

/** An error as MongoDB tells it: its number, its name and, for a driver that may try again, a label. */
export class CommandError extends Error {
  readonly code: number
  readonly codeName: string
  readonly labels: readonly string[]
  readonly details: Document

  constructor(code: number, codeName: string, message: string, { labels = [], details = {} }: ErrorOptions = {}) {
    super(message)
    this.code = code
    this.codeName = codeName
    this.labels = labels
    this.details = details
  }

  toDocument(): Document {
    const labels = this.labels.length === 0 ? {} : { errorLabels: this.labels }
    return { ok: 0, errmsg: this.message, code: this.code, codeName: this.codeName, ...labels, ...this.details }
  }
}

interface ErrorOptions {
  readonly labels?: readonly string[]
  readonly details?: Document
}

// the engine numbers its errors by their place in its own list, and MongoDB by history
const known: ReadonlyMap<number, readonly [code: number, name: string]> = new Map([
  [1, [1, 'InternalError']],
  [2, [2, 'BadValue']],
  [4, [9, 'FailedToParse']],
  [5, [14, 'TypeMismatch']],
  [6, [15, 'Overflow']],
  [7, [20, 'IllegalOperation']],
  [9, [26, 'NamespaceNotFound']],
  [10, [27, 'IndexNotFound']],
  [11, [28, 'PathNotViable']],
  [14, [40, 'ConflictingUpdateOperators']],
  [15, [43, 'CursorNotFound']],
  [16, [48, 'NamespaceExists']],
  [17, [52, 'DollarPrefixedFieldName']],
  [20, [56, 'EmptyFieldName']],
  [21, [57, 'DottedFieldName']],
  [23, [66, 'ImmutableField']],
  [24, [67, 'CannotCreateIndex']],
  [25, [68, 'IndexAlreadyExists']],
  [26, [72, 'InvalidOptions']],
  [27, [73, 'InvalidNamespace']],
  [28, [85, 'IndexOptionsConflict']],
  [29, [86, 'IndexKeySpecsConflict']],
  [31, [115, 'CommandNotSupported']],
  [42, [241, 'ConversionFailure']],
  [43, [263, 'OperationNotSupportedInTransaction']],
  [48, [10334, 'BSONObjectTooLarge']],
  [49, [11000, 'DuplicateKey']],
  [283, [40324, 'Location40324']],
  [457, [121, 'DocumentValidationFailure']],
  [538, [50, 'MaxTimeMSExpired']],
  [542, [112, 'WriteConflict']],
  [547, [251, 'NoSuchTransaction']],
  [554, [171, 'CannotIndexParallelArrays']],
])

/** MongoDB's number and name for an SQLSTATE; `undefined` for one that MongoDB does not have. */
export function errorOf(state: string): readonly [code: number, name: string] | undefined {
  // 40001, 40P01, 55P03: another transaction was first, or holds the lock
  if (['40001', '40P01', '55P03'].includes(state)) return [112, 'WriteConflict']
  if (['23505', '23P01'].includes(state)) return [11000, 'DuplicateKey']
  if (state === '57014') return [50, 'MaxTimeMSExpired']
  return state.startsWith('M') ? known.get(Number.parseInt(state.slice(1), 36) + 1) : undefined
}

/** The SQLSTATE that PostgreSQL packed into a number, six bits a letter, as the engine tells errors of single writes. */
export function unpackState(packed: number): string {
  const letters = [0, 6, 12, 18, 24].map((shift) => ((packed >> shift) & 63) + 48)
  return String.fromCharCode(...letters)
}
