import { createHash, randomBytes } from 'node:crypto'
import { systemClock } from '../../../kit/clock.ts'
import { TapriError } from '../../../kit/errors.ts'
import { placeOf } from '../../../kit/server-url.ts'
import type { PostgresUrl } from '../../../postgres/index.ts'
import type { DatabaseFacts, Driver, Surroundings } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import { PostgresCapture } from './capture.ts'
import { PostgresDriver } from './driver.ts'
import { newestSettled } from './log.ts'
import { openServer, type Server, type Session } from './server.ts'
import { PostgresTail } from './tail.ts'
import { readUrl } from './url.ts'

/** The first with pg_current_xact_id and the rest that the log stands on. */
const oldest = 13

/** Opens the database, which must be there, and makes the schema that its URL names.
 * @throws TAPRI_DATA_URL, TAPRI_DATA_OPEN, TAPRI_DATA_NO_SDK */
export async function openPostgres(
  url: string,
  { clock }: Pick<Surroundings, 'clock'> = { clock: systemClock },
): Promise<Driver> {
  const place = readUrl(url)
  const server = await openServer(place)
  try {
    const { schema, facts } = await prepare(server, place)
    const capture = new PostgresCapture(server, place, clock)
    return new PostgresDriver({ facts, server, tail: new PostgresTail(server, schema), capture, pool: place.pool })
  } catch (cause) {
    await server.close()
    throw cannotOpen(place, cause)
  }
}

async function prepare(server: Server, place: PostgresUrl): Promise<{ schema: string; facts: DatabaseFacts }> {
  const session = await server.connect()
  try {
    await requireVersion(session)
    // IF NOT EXISTS alone fails when two nodes start at once
    await session.run("begin; select pg_advisory_xact_lock(hashtext('tapri'))")
    if (place.schema !== undefined) await session.run(`create schema if not exists "${place.schema}"`)
    await session.run(bookkeeping)
    const meta = {
      epoch: await metaOf(session, 'epoch', randomBytes(16).toString('hex')),
      secret: await metaOf(session, 'secret', randomBytes(16).toString('hex')),
      forgotten: Number(await metaOf(session, 'forgotten', '0')),
    }
    await session.run('commit')
    const last = await firstValue(session, newestSettled)
    const schema = String(await firstValue(session, 'select current_schema()'))
    const position = Math.max(Number(last ?? 0), meta.forgotten)
    return { schema, facts: { epoch: await epochOf(session, meta.epoch), secret: meta.secret, position } }
  } finally {
    session.release(true)
  }
}

/** The tables of the framework's own book-keeping; `tapri_turn` has no rows, it is locked. */
const bookkeeping = `
  create table if not exists tapri_meta (name text primary key, value text not null);
  create table if not exists tapri_changes (
    position bigint primary key, at bigint not null, changes text not null);
  create table if not exists tapri_migrations (
    id bigint generated always as identity primary key, at bigint not null, steps text not null);
  create table if not exists tapri_turn (nothing boolean)`

async function requireVersion(session: Session): Promise<void> {
  const version = String(await firstValue(session, 'show server_version'))
  if (Number.parseInt(version, 10) >= oldest) return
  throw dataError('TAPRI_DATA_OPEN', `the server is PostgreSQL ${version}, at least ${oldest} is needed`)
}

async function metaOf(session: Session, name: string, fresh: string): Promise<string> {
  await session.rows({
    sql: 'insert into tapri_meta (name, value) values ($1, $2) on conflict do nothing',
    parameters: [name, fresh],
  })
  const [row] = await session.rows({ sql: 'select value from tapri_meta where name = $1', parameters: [name] })
  return String(row?.[0])
}

/**
 * Numbers of transactions belong to one cluster and one history of it: a dump that is read into another cluster, and a
 * replica that took over, begin another epoch.
 */
async function epochOf(session: Session, made: string): Promise<string> {
  const history = await firstValue(
    session,
    "select concat_ws(' ', (select system_identifier from pg_control_system()), (select oid from pg_database where datname = current_database()), left(pg_walfile_name(pg_current_wal_lsn()), 8))",
  )
  return createHash('sha256').update(`${made} ${history}`).digest('hex').slice(0, 32)
}

async function firstValue(session: Session, sql: string): Promise<unknown> {
  const [row] = await session.rows({ sql, parameters: [] })
  return row?.[0]
}

function cannotOpen(place: PostgresUrl, cause: unknown): TapriError {
  const origin = cause instanceof TapriError && cause.cause instanceof Error ? cause.cause : cause
  const reason = origin instanceof Error && origin.message !== '' ? origin.message : 'the server does not answer'
  return dataError('TAPRI_DATA_OPEN', `Cannot open the database "${placeOf(place)}": ${reason}`, { cause })
}
