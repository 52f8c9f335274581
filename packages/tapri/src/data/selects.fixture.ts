import { StatementSync } from 'node:sqlite'

/** How many selects the work runs. */
export async function selects(work: () => Promise<unknown>): Promise<number> {
  const original = StatementSync.prototype.all
  let count = 0
  StatementSync.prototype.all = function (this: StatementSync, ...values: any) {
    count++
    return original.apply(this, values)
  }
  try {
    await work()
  } finally {
    StatementSync.prototype.all = original
  }
  return count
}
