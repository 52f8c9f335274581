import type { Raw } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import { codeOf } from './failure.ts'
import type { Session } from './server.ts'

/** Statements of the app's own on one connection. */
export function rawOn(run: Session['raw']): Raw {
  return {
    kind: 'postgres',
    async run(statement) {
      try {
        return await run(statement)
      } catch (cause) {
        throw codeOf(cause) === '23505' ? taken(cause) : cause
      }
    },
  }
}

/** Raw SQL names no model, and its error no field. */
function taken(cause: unknown) {
  return dataError('TAPRI_DATA_NOT_UNIQUE', 'Cannot write: another row has the same values in a unique key', { cause })
}
