/**
 * Why something failed, in its own words. Of an address with several IPs each has its own.
 * @example reasonOf(new Error('connect ECONNREFUSED')) // 'connect ECONNREFUSED'
 */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join(', ')
  return error instanceof Error ? error.message : String(error)
}
