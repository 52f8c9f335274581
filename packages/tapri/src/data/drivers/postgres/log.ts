import type { ChangesRead } from '../../driver.ts'
import type { Sql, SqlRow } from '../sql/dialect.ts'
import type { Session } from './server.ts'

/** So many entries may have their positions in one transaction. */
const room = 256

/**
 * The position of an entry is the number of its transaction, with room for others of the same one behind it: those numbers
 * are given out in order, and what is below the snapshot's xmin has ended, so nothing can come in front of it any more. A
 * sequence could not tell that.
 */
export const positionOf = `pg_current_xact_id()::text::bigint * ${room}`
/** Whether nothing can come in front of an entry any more. */
export const isSettled = `position < pg_snapshot_xmin(pg_current_snapshot())::text::bigint * ${room}`

/** The entries after a position that have their place for good. */
export function readSettled(position: number, limit: number): Sql {
  return reading(`and ${isSettled}`, position, limit)
}

/** The last position that has its place for good. */
export const newestSettled = `select max(position) from tapri_changes where ${isSettled}`

/** All entries after a position that can be seen. */
export function readVisible(position: number, limit: number): Sql {
  return reading('', position, limit)
}

function reading(also: string, position: number, limit: number): Sql {
  const entries = `select position, at, changes from tapri_changes where position > $1 ${also} order by position limit $2`
  return {
    sql: `select m.value::bigint, c.position, c.at, c.changes from tapri_meta m left join lateral (${entries}) c on true where m.name = 'forgotten' order by c.position`,
    parameters: [position, limit],
  }
}

export function changesOf(rows: readonly SqlRow[]): ChangesRead {
  const entries = rows.filter(([, position]) => position !== null)
  return {
    forgotten: Number(rows[0]?.[0] ?? 0),
    entries: entries.map(([, position, at, changes]) => ({
      position: Number(position),
      at: Number(at),
      changes: String(changes),
    })),
  }
}

/**
 * Forgets all but the newest entries, and those from before the moment; what fails here is done the next time. Nothing is
 * forgotten that an older transaction, still open, keeps back: its own entry would come in front of what is gone.
 */
export async function trimLog(session: Session, { kept, before }: { kept: number; before: number }): Promise<void> {
  const old = 'select position from tapri_changes order by position desc offset $1 limit 1'
  const gone = `delete from tapri_changes where (position <= coalesce((${old}), 0) or at < $2) and ${isSettled} returning position`
  const last = '(select max(position) from gone)'
  try {
    await session.rows({
      sql: `with gone as (${gone}) update tapri_meta set value = greatest(value::bigint, ${last})::text where name = 'forgotten' and exists (select 1 from gone)`,
      parameters: [kept, before],
    })
  } catch {
    // the transaction that asked for it is committed already, and its caller must hear so
  }
}
