import { problemOf } from '../http/index.ts'
import { newId } from '../kit/ids.ts'
import type { Problem } from '../kit/protocol.ts'
import type { Log } from '../observe/index.ts'

/** The problem document of an error, as HTTP would answer it. What callers are not told goes to the log, under its id. */
export function liveProblem(error: unknown, facts: object, log: Log): Problem {
  const id = newId()
  const problem = problemOf(error, id)
  if (problem.status >= 500) log.event('live.run.failed', { ...facts, id, error }, 'error')
  return problem
}
