import { TapriError } from '../../../kit/errors.ts'
import type { Model } from '../../catalog.ts'
import { dataError } from '../../errors.ts'
import { uniqueName } from '../../migration/wanted.ts'
import { beyondNumbers, unreachable } from '../said.ts'

/** What went wrong in MySQL or MariaDB, said in the terms of the data room.
 * https://dev.mysql.com/doc/mysql-errors/9.0/en/server-error-reference.html, https://mariadb.com/kb/en/mariadb-error-code-reference/ */
export function translate(cause: unknown): unknown {
  if (!(cause instanceof Error) || cause instanceof TapriError) return cause
  const number = numberOf(cause)
  if (number === undefined) return isLost(cause) ? unreachable(cause) : isUnanswered(cause) ? tookTooLong(cause) : cause
  return kinds.find(([numbers]) => numbers.has(number))?.[1](cause) ?? cause
}

/** The fields of the model that another row has the same, by the name of the index. */
export function translateWrite(cause: unknown, model: Model): unknown {
  if (!(cause instanceof Error) || !isDuplicate(cause)) return translate(cause)
  // "Duplicate entry 'a' for key 'words.tapri_words_word_unique'", in MariaDB without the table
  const name = /for key '(?:[^']*\.)?([^'.]*)'$/.exec(cause.message)?.[1]
  const fields = model.unique.find((columns) => uniqueName(model, columns) === name) ?? ['id']
  return dataError('TAPRI_DATA_NOT_UNIQUE', `Cannot save in ${model.name}: another row has the same ${fields.join(' and ')}`, {
    cause,
    facts: { model: model.name, fields },
    issues: fields.map((field) => ({ path: [field], message: 'is taken' })),
  })
}

/** What a transaction that is run again may not meet: it was in the way of another one, or a row that it named went. */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof TapriError)) return false
  return error.code === 'TAPRI_DATA_CONFLICT' || (error.code === 'TAPRI_DATA_NO_SUCH_ROW' && numberOf(error.cause) !== undefined)
}

/** Whether nothing more can be asked of a connection: it is lost, or its answer to an earlier question may still come. */
export function isUnusable(cause: unknown): boolean {
  return isUnreachable(translate(cause)) || (cause instanceof Error && isUnanswered(cause))
}

/** The connection, not what was asked of it, is what failed. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof TapriError && error.code === 'TAPRI_DATA_UNREACHABLE'
}

/** Somebody held the database for himself, for longer than one waits to begin. */
export function asBusy(error: unknown): unknown {
  const isWaiting = error instanceof TapriError && error.code === 'TAPRI_DATA_TIMEOUT'
  return isWaiting ? busy(error) : error
}

/** In a transaction others may be gone when it is run again. */
export function asConflict(error: unknown): unknown {
  const isWaiting = error instanceof TapriError && numberOf(error.cause) === lockTimeout
  return isWaiting && error.cause instanceof Error ? conflict(error.cause) : error
}

export function isDuplicate(cause: unknown): boolean {
  return numberOf(cause) === duplicate
}

/** A row that is deleted is named by another one that is still there. */
export function isStillNamed(error: unknown): boolean {
  return error instanceof TapriError && numberOf(error.cause) === 1451
}

/** Whether only the statement was undone; after other errors the server may have ended the whole transaction, and what
 * came next would be a transaction of its own. */
export function undoesStatementOnly(error: unknown): boolean {
  const number = numberOf(error instanceof TapriError ? error.cause : error)
  return number !== undefined && harmless.has(number)
}

export function numberOf(cause: unknown): number | undefined {
  if (typeof cause !== 'object' || cause === null || !('errno' in cause)) return undefined
  // errors of sockets have negative numbers here
  return typeof cause.errno === 'number' && cause.errno > 0 ? cause.errno : undefined
}

const duplicate = 1062
const lockTimeout = 1205
/** A row that names nothing, one that is still named, a value out of bounds, a statement that took too long or is wrong. */
const harmless: ReadonlySet<number> = new Set([
  ...[duplicate, 1451, 1452, 1048, 1054, 1064, 1146, 1264, 1292, 1364, 1366, 1406, 1690, 1969, 3024],
])

type Translation = readonly [ReadonlySet<number>, (cause: Error) => TapriError]
const kinds: readonly Translation[] = [
  [
    new Set([1451, 1452]),
    (cause) => dataError('TAPRI_DATA_NO_SUCH_ROW', 'Cannot commit: a row refers to one that is not there', { cause }),
  ],
  // changed since it was read, a deadlock, a table changed, a group or cluster that said no
  [new Set([1020, 1213, 1412, 3101]), conflict],
  [new Set([lockTimeout]), busy],
  // also one that was killed: whoever waited for it has left
  [new Set([1317, 1969, 3024]), tookTooLong],
  [new Set([1264, 1690]), beyondNumbers],
  // too many connections, host blocked, limits of a user, shutting down, killed, cut for idling, not in its cluster
  [new Set([1040, 1047, 1053, 1129, 1152, 1158, 1159, 1160, 1161, 1184, 1203, 1226, 1927, 3169, 4031]), unreachable],
  // cannot write or read a file, out of memory, disk or table full, a packet too large, read only
  [new Set([3, 126, 127, 1021, 1026, 1030, 1037, 1038, 1041, 1114, 1153, 1206, 1290, 1461, 1637, 1792, 1836, 3100]), storage],
]

const lostCodes: ReadonlySet<string> = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

function isLost(cause: Error): boolean {
  if ('code' in cause && typeof cause.code === 'string') return lostCodes.has(cause.code)
  // the package names these cases by their message alone
  return /closed state|connection is closed|socket has been ended/i.test(cause.message)
}

/** The code of an error of ours: the server has not answered in time. */
export const unanswered = 'UNANSWERED'

function isUnanswered(cause: Error): boolean {
  return 'code' in cause && cause.code === unanswered
}

function tookTooLong(cause: Error): TapriError {
  return dataError('TAPRI_DATA_TIMEOUT', 'Cannot wait for the database: a statement took longer than allowed', { cause })
}

function busy(cause: Error): TapriError {
  return dataError('TAPRI_DATA_BUSY', 'Cannot go on: others have kept the database locked for too long', { cause })
}

function conflict(cause: Error): TapriError {
  const message = 'Cannot commit: another transaction changed the same rows at the same time, try again'
  return dataError('TAPRI_DATA_CONFLICT', message, { cause })
}

function storage(cause: Error): TapriError {
  return dataError('TAPRI_DATA_STORAGE', `Cannot use the database: ${cause.message}`, { cause })
}
