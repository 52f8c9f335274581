import { createHash, randomBytes } from 'node:crypto'
import { systemClock } from '../../../kit/clock.ts'
import { TapriError } from '../../../kit/errors.ts'
import { placeOf } from '../../../kit/server-url.ts'
import type { DatabaseFacts, Driver, Surroundings } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import { MysqlCapture } from './capture.ts'
import type { Session } from './connection.ts'
import { MysqlDriver } from './driver.ts'
import type { Flavour } from './flavour.ts'
import { openServer, type Server } from './server.ts'
import { MysqlTail } from './tail.ts'
import { type MysqlUrl, readUrl } from './url.ts'

/** Opens the database, which must be there.
 * @throws TAPRI_DATA_URL, TAPRI_DATA_OPEN, TAPRI_DATA_NO_SDK */
export async function openMysql(url: string, { clock }: Pick<Surroundings, 'clock'> = { clock: systemClock }): Promise<Driver> {
  const place = readUrl(url)
  let server: Server | undefined
  try {
    server = await openServer(place)
    const facts = await prepare(server, place)
    const tail = new MysqlTail(server, place.statementTimeout)
    const capture = new MysqlCapture(server, place, clock)
    return new MysqlDriver({ facts, server, tail, capture, pool: place.pool })
  } catch (cause) {
    await server?.close()
    throw cause instanceof TapriError && cause.code === 'TAPRI_DATA_NO_SDK' ? cause : cannotOpen(place, cause)
  }
}

async function prepare(server: Server, place: MysqlUrl): Promise<DatabaseFacts> {
  const session = await server.connect({ timeout: place.statementTimeout })
  try {
    await requireNames(session)
    for (const statement of bookkeeping(server.flavour)) await session.run(statement)
    const made = await metaOf(session, 'epoch', randomBytes(16).toString('hex'))
    const secret = await metaOf(session, 'secret', randomBytes(16).toString('hex'))
    const position = Number(await firstValue(session, 'select position from tapri_sequence where id = 1'))
    return { epoch: await epochOf(session, made), secret, position }
  } finally {
    session.close()
  }
}

/** The tables of the framework's own book-keeping, and the rows that are locked. */
function bookkeeping({ collation }: Flavour): string[] {
  const options = `engine = InnoDB row_format = dynamic default character set utf8mb4 collate ${collation}`
  const tables = [
    'tapri_meta (name varchar(64) not null primary key, value longtext not null)',
    'tapri_changes (position bigint not null primary key, at bigint not null, changes longtext not null)',
    'tapri_migrations (id bigint not null auto_increment primary key, at bigint not null, steps longtext not null)',
    'tapri_turn (id int not null primary key)',
    'tapri_sequence (id int not null primary key, position bigint not null)',
  ]
  return [
    ...tables.map((table) => `create table if not exists ${table} ${options}`),
    'insert ignore into tapri_turn (id) values (1)',
    'insert ignore into tapri_sequence (id, position) values (1, 0)',
  ]
}

/** A server that writes all names small would know no table of ours again that has a capital letter. */
async function requireNames(session: Session): Promise<void> {
  if (Number(await firstValue(session, 'select @@lower_case_table_names')) !== 1) return
  throw dataError('TAPRI_DATA_OPEN', 'the server has lower_case_table_names = 1, it must be 0 or 2')
}

async function metaOf(session: Session, name: string, fresh: string): Promise<string> {
  await session.rows({ sql: 'insert ignore into tapri_meta (name, value) values (?, ?)', parameters: [name, fresh] })
  const [row] = await session.rows({ sql: 'select value from tapri_meta where name = ?', parameters: [name] })
  return String(row?.[0])
}

/** A dump that is read into a database makes its tables anew, and with them begins another epoch. */
async function epochOf(session: Session, made: string): Promise<string> {
  const history = await firstValue(
    session,
    "select cast(create_time as char) from information_schema.tables where table_schema = database() and table_name = 'tapri_meta'",
  )
  return createHash('sha256').update(`${made} ${history}`).digest('hex').slice(0, 32)
}

async function firstValue(session: Session, sql: string): Promise<unknown> {
  const [row] = await session.rows({ sql, parameters: [] })
  return row?.[0]
}

function cannotOpen(place: MysqlUrl, cause: unknown): TapriError {
  const origin = cause instanceof TapriError && cause.cause instanceof Error ? cause.cause : cause
  const reason = origin instanceof Error && origin.message !== '' ? origin.message : 'the server does not answer'
  return dataError('TAPRI_DATA_OPEN', `Cannot open the database "${placeOf(place)}": ${reason}`, { cause })
}
