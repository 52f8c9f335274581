import { dataError } from '../../errors.ts'
import type { IndexState } from '../../migration/state.ts'
import { sql } from '../sql/kysely.ts'
import type { Statements } from '../sql/statements.ts'
import { codeOf } from './failure.ts'
import { invalidIndexes, openReferences } from './inspect.ts'
import type { Server, Session } from './server.ts'
import { tables } from './tables.ts'

interface Indexed {
  readonly table: string
  readonly index: IndexState
}

/**
 * Makes an index while others write. One that was begun and not ended, by a process that was killed, is made anew.
 * @throws TAPRI_DATA_MIGRATION when values of a unique index occur more than once
 */
export function addIndexLive(server: Server, statements: Statements, { table, index }: Indexed): Promise<void> {
  return lockedFor(server, 'tapri_migrate', async (session) => {
    const drop = async () => {
      const [begun] = await session.rows({ sql: invalidIndexes, parameters: [index.name] })
      if (begun !== undefined) await session.run(statements.text(sql`drop index concurrently ${sql.id(index.name)}`))
    }
    await drop()
    try {
      await session.run(statements.text(tables.createIndexLive(table, index)))
    } catch (cause) {
      await drop()
      if (codeOf(cause) !== '23505') throw cause
      const message = `Cannot migrate: values of ${index.columns.join(', ')} in "${table}" occur more than once, change them first`
      throw dataError('TAPRI_DATA_MIGRATION', message, { cause })
    }
  })
}

/** Proves foreign keys that were added without a look at the rows, one by one, while others read and write.
 * @throws TAPRI_DATA_MIGRATION when a row refers to one that is not there */
export function validateReferences(server: Server, statements: Statements): Promise<void> {
  return lockedFor(server, 'tapri_migrate', async (session) => {
    for (const { table, name, target } of await openReferences((statement) => session.rows(statement))) {
      try {
        await session.run(statements.text(sql`alter table ${sql.table(table)} validate constraint ${sql.id(name)}`))
      } catch (cause) {
        if (codeOf(cause instanceof Error ? cause.cause : cause) !== '23503') throw cause
        const message = `Cannot migrate: a row of "${table}" refers to a row of "${target}" that is not there`
        throw dataError('TAPRI_DATA_MIGRATION', message, { cause })
      }
    }
  })
}

/** One process at a time, in one schema; the lock goes with the connection. */
export async function lockedFor<T>(server: Server, what: string, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await server.connect()
  try {
    await session.run('set statement_timeout = 0')
    await session.rows({ sql: 'select pg_advisory_lock(hashtext($1), hashtext(current_schema()))', parameters: [what] })
    return await work(session)
  } finally {
    session.release(true)
  }
}
