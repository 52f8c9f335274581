import type { Raw } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import type { Session } from './connection.ts'
import { isDuplicate } from './failure.ts'

/** Statements of the app's own on one connection. */
export function rawOn(run: Session['raw']): Raw {
  return {
    kind: 'mysql',
    async run(statement) {
      try {
        return await run(statement)
      } catch (cause) {
        throw isDuplicate(cause) ? taken(cause) : cause
      }
    },
  }
}

/** Raw SQL names no model, and its error no field. */
function taken(cause: unknown) {
  return dataError('TAPRI_DATA_NOT_UNIQUE', 'Cannot write: another row has the same values in a unique key', { cause })
}
