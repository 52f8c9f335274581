import type { ErrorOptions, TapriError } from '../kit/errors.ts'

export type { default as pg } from 'pg'

type Sdk = typeof import('pg')['default']

/**
 * Loads the package `pg` that the app has installed.
 * @throws what `refuse` makes of the message when it is not there
 * @example const pg = await loadPostgres((message, options) => dataError('TAPRI_DATA_NO_SDK', message, options))
 */
export async function loadPostgres(refuse: (message: string, options: ErrorOptions) => TapriError): Promise<Sdk> {
  try {
    return (await import('pg')).default
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND')) throw cause
    throw refuse('Cannot use PostgreSQL: the package "pg" is not installed, run "npm install pg"', { cause })
  }
}
