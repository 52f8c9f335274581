import type { Commit, ReadSet } from '../data/index.ts'

/** Whether a commit changes what was read. */
export function touches(commit: Commit, reads: ReadSet): boolean {
  return commit.changes.some((change) => reads.touchedBy(change))
}
