import { DatabaseSync } from 'node:sqlite'

/**
 * Takes the turn to serve the others, unless another process has it; the answer gives it back. The system takes it from a
 * process that is killed: it is a lock on a file, and SQLite has one on every system.
 */
export function takeTurn(path: string): (() => void) | undefined {
  const file = new DatabaseSync(path)
  try {
    file.exec('BEGIN EXCLUSIVE')
    return () => file.close()
  } catch (error) {
    file.close()
    if (isBusy(error)) return undefined
    throw error
  }
}

/** By SQLite's own words for SQLITE_BUSY: Deno does not tell its number. */
function isBusy(error: unknown): boolean {
  return error instanceof Error && error.message.includes('database is locked')
}
