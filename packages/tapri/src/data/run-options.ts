import { isRecord, nameOf } from './compare.ts'
import type { Isolation } from './driver.ts'
import { dataError } from './errors.ts'

const isolations: ReadonlyMap<unknown, Isolation> = new Map([
  ['serializable', 'serial'],
  ['read committed', 'row'],
])
const mostRetries = 10

interface Asked {
  readonly isolation?: Isolation
  readonly retries?: number
  readonly signal?: AbortSignal
}

/** Reads what a caller of `transaction` asks of it.
 * @throws TAPRI_DATA_TRANSACTION */
export function readRunOptions(options: unknown): Asked {
  if (options === undefined) return {}
  if (!isRecord(options)) throw wrong(`its options are ${nameOf(options)}, they must be an object`)
  const { isolation, retries, signal, ...others } = options
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw wrong(`it has no option "${unknown}", only isolation, retries and signal`)
  return {
    ...(isolation !== undefined && { isolation: readIsolation(isolation) }),
    ...(retries !== undefined && { retries: readRetries(retries) }),
    ...(signal !== undefined && { signal: readSignal(signal) }),
  }
}

/** Aborts when one of them does. */
export function either(one: AbortSignal | undefined, other: AbortSignal | undefined): AbortSignal | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return AbortSignal.any([one, other])
}

function readIsolation(given: unknown): Isolation {
  const isolation = isolations.get(given)
  if (isolation !== undefined) return isolation
  throw wrong(`its isolation is ${nameOf(given)}, it must be "serializable" or "read committed"`)
}

function readRetries(given: unknown): number {
  if (typeof given === 'number' && Number.isInteger(given) && given >= 0 && given <= mostRetries) return given
  throw wrong(`its retries are ${nameOf(given)}, they must be a whole number from 0 to ${mostRetries}`)
}

function readSignal(given: unknown): AbortSignal {
  if (given instanceof AbortSignal) return given
  throw wrong(`its signal is ${nameOf(given)}, it must be an AbortSignal`)
}

function wrong(reason: string) {
  return dataError('TAPRI_DATA_TRANSACTION', `Cannot begin a transaction: ${reason}`)
}
