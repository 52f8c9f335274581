import type { AfterCommit, Engine, Scope } from './engine.ts'
import { dataError } from './errors.ts'
import { either, readRunOptions } from './run-options.ts'
import type { OpenTransaction } from './transaction.ts'

/** Runs the work in a transaction, or in one inside of the one that the asker is in; then what it left for after COMMIT. */
export async function inTransaction<T>(scope: Scope, work: (within: Scope) => Promise<T>, options?: unknown): Promise<T> {
  const { engine } = scope
  const asked = readRunOptions(options)
  let after: AfterCommit[] = []
  const inside = (transaction: OpenTransaction) => {
    // it may be run again, and begins anew then
    after = []
    transaction.after = after
    return work(scope.within(transaction, after))
  }
  if (scope.transaction !== undefined) {
    if (options !== undefined) throw inner()
    const result = await engine.writer.nested(scope.transaction, async (nested) => inside(nested))
    scope.after?.push(...after)
    return result
  }
  const result = await engine.writer.transaction(inside, { ...asked, signal: either(asked.signal, scope.signal) })
  for (const each of after) await attempt(engine, () => engine.writer.afterCommit(each))
  return result
}

/** Keeps the work for after COMMIT; outside of a transaction everything is committed already. */
export function runAfterCommit({ engine, transaction, after }: Scope, work: AfterCommit): void {
  if (transaction === undefined) {
    void attempt(engine, work)
    return
  }
  transaction.requireOpen()
  if (after === undefined) {
    throw dataError('TAPRI_DATA_TRANSACTION', 'Cannot wait for the commit here: this listener runs right before it')
  }
  after.push(work)
}

function inner() {
  const reason = 'it goes on as the outer one began'
  return dataError('TAPRI_DATA_TRANSACTION', `Cannot give options to a transaction inside of another one: ${reason}`)
}

async function attempt(engine: Engine, work: AfterCommit): Promise<void> {
  try {
    await work()
  } catch (error) {
    engine.fail(error)
  }
}
