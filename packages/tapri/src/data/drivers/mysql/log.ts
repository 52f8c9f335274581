import type { ChangesRead } from '../../driver.ts'
import type { Sql, SqlRow } from '../sql/dialect.ts'
import type { Session } from './connection.ts'
import { runTogether } from './held.ts'

/** Takes the next positions; answers the last of them. */
export function nextPositions(count: number): Sql {
  return { sql: `update tapri_sequence set position = last_insert_id(position + ${count}) where id = 1`, parameters: [] }
}

/** Writes an entry at one of the positions that were taken last, so many in front of the last of them. */
export function entryAt(before: number, at: number, changes: string): Sql {
  const sql = `insert into tapri_changes (position, at, changes) values (last_insert_id() - ${before}, ?, ?)`
  return { sql, parameters: [at, changes] }
}

/**
 * Writes the entry and commits. Whoever writes an entry takes the next position from one row, and keeps that row until
 * COMMIT: positions have no gaps, and what can be seen is all that will ever be up to there. Nobody else commits meanwhile,
 * so position, entry and COMMIT are one message: the others wait for the server alone, not for this process too. After a
 * statement that fails the server does none of the rest.
 * @param last what the transaction has not yet sent, and goes along
 */
export async function commitEntry(session: Session, last: readonly Sql[], at: number, changes: string): Promise<number> {
  const written = await runTogether(session, [...last, nextPositions(1), entryAt(0, at, changes)], 'commit')
  return written[last.length]?.given ?? 0
}

/** The entries after a position, in their order. */
export function readEntries(position: number, limit: number): Sql {
  // nothing but this table: MariaDB 10.11 has ended with a segmentation fault where it was joined and prepared
  const sql = 'select position, at, changes from tapri_changes where position > ? order by position limit ?'
  return { sql, parameters: [position, limit] }
}

/** Reads the rows of `readEntries`: where the first is not the next one, those before it were forgotten. */
export function changesOf(rows: readonly SqlRow[], after: number): ChangesRead {
  const entries = rows.map(([position, at, changes]) => ({
    position: Number(position),
    at: Number(at),
    changes: String(changes),
  }))
  const first = entries[0]?.position ?? 0
  return { entries, forgotten: first > after + 1 ? first - 1 : 0 }
}

/** Forgets all but the newest entries, and those from before the moment; what fails here is done the next time. */
export async function trimLog(session: Session, { kept, before }: { kept: number; before: number }): Promise<void> {
  const old = 'select position from tapri_changes order by position desc limit 1 offset ?'
  // moments follow the positions: the first entry that is young enough ends the search
  const young = 'select position - 1 from tapri_changes where at >= ? order by position limit 1'
  try {
    const last = Number(await firstValue(session, old, kept))
    const aged = Number(await firstValue(session, young, before))
    // from the front on, so that what is left has no gaps
    const sql = 'delete from tapri_changes where position <= ?'
    await session.write({ sql, parameters: [Math.max(last, aged)] })
  } catch {
    // the transaction that asked for it is committed already, and its caller must hear so
  }
}

async function firstValue(session: Session, sql: string, parameter: number): Promise<unknown> {
  const [row] = await session.rows({ sql, parameters: [parameter] })
  return row?.[0] ?? 0
}
