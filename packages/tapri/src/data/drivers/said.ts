import { TapriError } from '../../kit/errors.ts'
import { dataError } from '../errors.ts'

/** Callers may be anybody: where the database is, and what it said, stays in the cause, for the log. */
export function unreachable(cause: Error): TapriError {
  return dataError('TAPRI_DATA_UNREACHABLE', 'Cannot reach the database: try again in a moment', {
    cause,
    facts: { retryAfter: 1 },
  })
}

/** What keeps a database from answering, for those who keep it. */
export function reasonOf(error: unknown): string {
  const origin = error instanceof TapriError && error.cause instanceof Error ? error.cause : error
  return origin instanceof Error ? origin.message : String(origin)
}

/** What a database answers when a figure leaves its numbers; its own words may name the database and its columns. */
export function beyondNumbers(cause: Error): TapriError {
  const message = 'Cannot query: a number is beyond what the database can hold, narrow the where'
  return dataError('TAPRI_DATA_QUERY', message, { cause })
}
