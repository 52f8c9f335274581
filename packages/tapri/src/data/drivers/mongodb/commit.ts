import { hasLabel, isUnreachable, translate } from './failure.ts'
import type { ClientSession, Server } from './server.ts'

/** What the transaction wrote in the log, and its name there: another one may come to the same place. */
export interface LogEntry {
  readonly position: number
  readonly by: string
}

const mostTries = 3

/**
 * Commits. When the answer is lost it is asked for again; a server that has been replaced may know nothing of the
 * transaction any more, and then its entry in the log tells whether it was committed.
 */
export async function commitOf(server: Server, session: ClientSession, entry: LogEntry | undefined): Promise<void> {
  let isUnknown = false
  for (let attempt = 1; ; attempt++) {
    try {
      await session.commitTransaction()
      return
    } catch (cause) {
      const error = translate(cause)
      isUnknown ||= hasLabel(cause, 'UnknownTransactionCommitResult')
      if (hasLabel(cause, 'UnknownTransactionCommitResult') && attempt < mostTries) continue
      if (isUnknown && !isUnreachable(error) && (await isCommitted(server, entry))) return
      throw error
    }
  }
}

async function isCommitted(server: Server, entry: LogEntry | undefined): Promise<boolean> {
  if (entry === undefined) return false
  const found = await server.changes().findOne({ _id: entry.position, by: entry.by })
  return found !== null
}
