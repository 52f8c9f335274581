import type { Change, Commit, Database } from '../index.ts'

/** What a database tells from now on. */
export function listen(database: Database) {
  const commits: Commit[] = []
  let wake = () => {}
  database.changes.subscribe((commit) => {
    commits.push(commit)
    wake()
  })
  const changes = (): Change[] => commits.flatMap((commit) => commit.changes)
  return {
    commits,
    changes,
    /** Ends when it was told of a change like this. */
    async until(isIt: (change: Change) => boolean): Promise<void> {
      while (!changes().some(isIt)) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}
