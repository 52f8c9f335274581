import type { Clock } from '../kit/clock.ts'
import { aborted, requireWaiting } from './aborted.ts'
import { dataError } from './errors.ts'
import type { OpenTransaction } from './transaction.ts'

type Work<T> = (transaction: OpenTransaction) => Promise<T>

const longestTransaction = 5000

/** Somebody's own work, for as long as others may be kept waiting, and while anybody waits for it.
 * @throws TAPRI_DATA_TIMEOUT, TAPRI_DATA_ABORTED */
export async function bounded<T>(transaction: OpenTransaction, work: Work<T>, clock: Clock): Promise<T> {
  const { signal } = transaction
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const cancel = clock.after(longestTransaction, () => reject(tookTooLong()))
  const abort = () => signal && reject(aborted(signal))
  signal?.addEventListener('abort', abort)
  try {
    return await Promise.race([ended, finished(transaction, work)])
  } finally {
    cancel()
    signal?.removeEventListener('abort', abort)
  }
}

/** What the database does for somebody who has left is ended. */
export async function cancellable<T>(transaction: OpenTransaction, work: Work<T>): Promise<T> {
  const { signal, session } = transaction
  if (signal === undefined || session.cancel === undefined) return work(transaction)
  const cancel = () => void session.cancel?.()
  signal.addEventListener('abort', cancel)
  try {
    return await work(transaction)
  } catch (error) {
    requireWaiting(signal)
    throw error
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

async function finished<T>(transaction: OpenTransaction, work: Work<T>): Promise<T> {
  const result = await work(transaction)
  await transaction.finish()
  return result
}

function tookTooLong() {
  return dataError(
    'TAPRI_DATA_TIMEOUT',
    `Cannot go on with a transaction that took longer than ${longestTransaction / 1000} s: do slow work outside of it, every write waits for it`,
  )
}
