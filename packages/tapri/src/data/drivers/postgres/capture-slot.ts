import type { Model } from '../../catalog.ts'
import { sql } from '../sql/kysely.ts'
import { dialect } from './dialect.ts'
import { lsn } from './lsn.ts'
import type { Session } from './server.ts'

/** Of the slot and of the publication; it needs no quotes. */
export type SlotName = `tapri_${string}`

/** What the log tells of: the tables of the models with whole old rows, and the change log, by which our own transactions are known.
 * Answers the models whose tables it did not tell of before. */
export async function publish(session: Session, name: SlotName, models: readonly Model[]): Promise<Model[]> {
  const thin = `select relname from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and relreplident <> 'f'`
  const tables = new Set(await names(session, thin))
  // it locks the table for a moment; better it is tried again than that everybody waits behind it
  await session.run("set lock_timeout = '2s'")
  for (const model of models) {
    if (tables.has(model.name)) await session.run(text(sql`alter table ${sql.table(model.name)} replica identity full`))
  }
  const published = new Set(
    await names(
      session,
      `select tablename from pg_publication_tables where schemaname = current_schema() and pubname = '${name}'`,
    ),
  )
  const wanted = models.map((model) => model.name)
  const isWhole = published.size === wanted.length + 1 && [...wanted, 'tapri_changes'].every((table) => published.has(table))
  if (isWhole) return []
  const columns = (await versionOf(session)) >= 150_000 ? sql.raw(' (position)') : sql.raw('')
  const list = sql.join([...wanted.map((table) => sql.table(table)), sql`${sql.table('tapri_changes')}${columns}`])
  const [made] = await session.rows({ sql: 'select 1 from pg_publication where pubname = $1', parameters: [name] })
  const statement =
    made === undefined
      ? sql`create publication ${sql.id(name)} for table ${list}`
      : sql`alter publication ${sql.id(name)} set table ${list}`
  await session.run(text(statement))
  return models.filter((model) => !published.has(model.name))
}

export interface Slot {
  /** The place of the last part that is in the change log; it differs when another process has written one. */
  readonly kept: string
  /** Where the slot begins. */
  readonly start: string
  readonly isNew: boolean
}

/** The slot as it is there, or a new one where there is none, or one that the server has given up. */
export async function makeSlot(session: Session, name: SlotName): Promise<Slot> {
  await session.run("insert into tapri_meta (name, value) values ('captured', '') on conflict do nothing")
  const found = `select wal_status, confirmed_flush_lsn from pg_replication_slots where slot_name = $1 and database = current_database()`
  const [slot] = await session.rows({ sql: found, parameters: [name] })
  const kept = await keptPlace(session)
  const isUsable = slot !== undefined && slot[0] !== 'lost' && kept !== ''
  if (isUsable) return { kept, start: lsn(String(slot[1])), isNew: false }
  if (slot !== undefined) await session.rows({ sql: 'select pg_drop_replication_slot($1)', parameters: [name] })
  // places of another slot, or of another server, say nothing of this one
  await session.run("update tapri_meta set value = '' where name = 'captured'")
  const make = "select lsn::text from pg_create_logical_replication_slot($1, 'pgoutput')"
  const [made] = await session.rows({ sql: make, parameters: [name] })
  return { kept: '', start: lsn(String(made?.[0])), isNew: true }
}

/** A slot that nobody reads keeps the server's log for ever. One that is read is that of a process with other settings. */
export async function dropSlot(session: Session, name: SlotName): Promise<void> {
  const active = 'select 1 from pg_replication_slots where slot_name = $1 and active'
  // the server takes a moment to see that the process before this one is gone
  for (let looks = 0; looks < 20 && (await session.rows({ sql: active, parameters: [name] })).length > 0; looks++) {
    await session.rows({ sql: 'select pg_sleep(0.1)', parameters: [] })
  }
  const unused = 'select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1 and not active'
  await session.rows({ sql: unused, parameters: [name] })
  const published =
    'select 1 from pg_publication p where pubname = $1 and not exists (select 1 from pg_replication_slots where slot_name = pubname)'
  const [left] = await session.rows({ sql: published, parameters: [name] })
  if (left === undefined) return
  await session.run(text(sql`drop publication if exists ${sql.id(name)}`))
  const full = `select relname from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and relreplident = 'f'`
  for (const table of await names(session, full))
    await session.run(text(sql`alter table ${sql.table(table)} replica identity default`))
}

async function keptPlace(session: Session): Promise<string> {
  const [row] = await session.rows({ sql: "select value from tapri_meta where name = 'captured'", parameters: [] })
  return String(row?.[0] ?? '')
}

async function versionOf(session: Session): Promise<number> {
  const [row] = await session.rows({ sql: "select current_setting('server_version_num')::int", parameters: [] })
  return Number(row?.[0])
}

async function names(session: Session, query: string): Promise<string[]> {
  return (await session.rows({ sql: query, parameters: [] })).map(([name]) => String(name))
}

function text(statement: ReturnType<typeof sql>): string {
  return statement.compile(dialect.builder).sql
}
