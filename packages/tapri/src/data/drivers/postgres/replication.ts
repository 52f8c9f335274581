import { dataError } from '../../errors.ts'

export type { LogicalReplicationService, Pgoutput } from 'pg-logical-replication'

type Sdk = typeof import('pg-logical-replication')

/** Loads the package that the app has installed.
 * @throws TAPRI_DATA_NO_SDK */
export async function loadReplication(): Promise<Sdk> {
  try {
    return await import('pg-logical-replication')
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND')) throw cause
    const how = 'the package "pg-logical-replication" is not installed, run "npm install pg-logical-replication"'
    throw dataError('TAPRI_DATA_NO_SDK', `Cannot hear what others write to PostgreSQL: ${how}`, { cause })
  }
}
