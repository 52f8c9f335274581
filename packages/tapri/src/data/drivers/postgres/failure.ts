import { TapriError } from '../../../kit/errors.ts'
import type { Model } from '../../catalog.ts'
import { dataError } from '../../errors.ts'
import { columnsOfIndex, uniqueName } from '../../migration/wanted.ts'
import { beyondNumbers, unreachable } from '../said.ts'

/** What went wrong in PostgreSQL, said in the terms of the data room. https://www.postgresql.org/docs/current/errcodes-appendix.html */
export function translate(cause: unknown): unknown {
  if (!(cause instanceof Error) || cause instanceof TapriError) return cause
  const code = codeOf(cause)
  const known = code === undefined ? undefined : failures[code]
  if (known !== undefined) return known(cause)
  if (code === undefined ? isLost(cause) : code.startsWith('08') || networkCodes.has(code)) return unreachable(cause)
  if (code?.startsWith('53') || code?.startsWith('58')) return storage(cause)
  return cause
}

/** The fields of the model that another row has the same, by the name of the index. */
export function translateWrite(cause: unknown, model: Model): unknown {
  if (cause instanceof Error && codeOf(cause) === '54000') return tooLong(cause, model)
  if (!(cause instanceof Error) || codeOf(cause) !== '23505') return translate(cause)
  const name = 'constraint' in cause ? cause.constraint : undefined
  const fields = model.unique.find((columns) => uniqueName(model, columns) === name) ?? ['id']
  return dataError('TAPRI_DATA_NOT_UNIQUE', `Cannot save in ${model.name}: another row has the same ${fields.join(' and ')}`, {
    cause,
    facts: { model: model.name, fields },
    issues: fields.map((field) => ({ path: [field], message: 'is taken' })),
  })
}

// 'index row size 2712 exceeds btree version 4 maximum 2704 for index "tapri_notes_text_unique"', or, of a longer one,
// 'index row requires 10016 bytes, maximum size is 8191', which names no index
function tooLong(cause: Error, model: Model): unknown {
  const [, size, most] =
    /index row (?:size|requires) (\d+)\D+(?:version \d+ )?maximum (?:size is )?(\d+)/.exec(cause.message) ?? []
  if (size === undefined || most === undefined) return translate(cause)
  const name = /for index "([^"]+)"$/.exec(cause.message)?.[1]
  const indexed = [...model.unique, ...model.index].flat()
  const names = (name === undefined ? undefined : columnsOfIndex(model, name)) ?? [...new Set(indexed)]
  const fields = names.filter((column) => model.column.get(column)?.comparison === 'text')
  const limit = Math.min(Number(most), longestIndexed)
  const message = `Cannot save in ${model.name}: ${fields.join(' or ')} would take ${size} bytes in an index, at most ${limit} are possible`
  return dataError('TAPRI_DATA_TOO_LONG', message, {
    cause,
    facts: { model: model.name, fields, bytes: Number(size), limit },
    issues: fields.map((field) => ({ path: [field], message: `is too long to be unique or indexed (${limit} bytes at most)` })),
  })
}

/** What fits into a third of a page, of which a row of an index may take no more. */
const longestIndexed = 2704

/** Errors of connections that broke while they lay idle: nothing was asked of them yet, and the next may be whole. */
const beforeAll = new WeakSet<object>()

/** Marks what kept a transaction from beginning, so that it is begun again on another connection. */
export function beforeAnything(error: unknown): unknown {
  if (error instanceof TapriError && isUnreachable(error)) beforeAll.add(error)
  return error
}

/** What a transaction that is run again may not meet: it was in the way of another one, or a row that it named went. */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof TapriError)) return false
  if (beforeAll.has(error)) return true
  return error.code === 'TAPRI_DATA_CONFLICT' || (error.code === 'TAPRI_DATA_NO_SUCH_ROW' && codeOf(error.cause) === '23503')
}

export function codeOf(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null || !('code' in cause)) return undefined
  return typeof cause.code === 'string' ? cause.code : undefined
}

const failures: Readonly<Record<string, (cause: Error) => TapriError>> = {
  '23503': (cause) => dataError('TAPRI_DATA_NO_SUCH_ROW', 'Cannot commit: a row refers to one that is not there', { cause }),
  '40001': conflict,
  '40P01': conflict,
  '55P03': (cause) => dataError('TAPRI_DATA_BUSY', 'Cannot write: others have kept the rows locked for too long', { cause }),
  '57014': (cause) =>
    dataError('TAPRI_DATA_TIMEOUT', 'Cannot wait for the database: a statement took longer than allowed', { cause }),
  '22003': beyondNumbers,
  '25P03': (cause) => dataError('TAPRI_DATA_TIMEOUT', 'Cannot go on with a transaction that was idle for too long', { cause }),
  '25006': storage,
  '53300': unreachable,
  '57P01': unreachable,
  '57P02': unreachable,
  '57P03': unreachable,
  '57P05': unreachable,
}
const networkCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

/** The package names these cases by their messages alone. */
function isLost(cause: Error): boolean {
  return /^(?:Connection terminated|Client has encountered a connection error|Client was closed|timeout exceeded when trying to connect|timeout expired)/.test(
    cause.message,
  )
}

function conflict(cause: Error): TapriError {
  return dataError(
    'TAPRI_DATA_CONFLICT',
    'Cannot commit: another transaction changed the same rows at the same time, try again',
    {
      cause,
    },
  )
}

/** The connection, not what was asked of it, is what failed. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof TapriError && error.code === 'TAPRI_DATA_UNREACHABLE'
}

function storage(cause: Error): TapriError {
  return dataError('TAPRI_DATA_STORAGE', `Cannot use the database: ${cause.message}`, { cause })
}
