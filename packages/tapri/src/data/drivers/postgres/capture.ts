import { createHash } from 'node:crypto'
import type { Clock } from '../../../kit/clock.ts'
import type { PostgresUrl } from '../../../postgres/index.ts'
import type { Capture, Outside } from '../../capture/capture.ts'
import { Pile } from '../../capture/pile.ts'
import type { Model } from '../../catalog.ts'
import { dataError } from '../../errors.ts'
import { reasonOf } from '../said.ts'
import { dropSlot, makeSlot, publish, type SlotName } from './capture-slot.ts'
import { PostgresOutside } from './capture-stream.ts'
import { loadReplication } from './replication.ts'
import type { Server, Session } from './server.ts'

/** The first whose `pgoutput` knows all that is asked of it. */
const oldest = 140_000

/** What others write to PostgreSQL, by logical replication: https://www.postgresql.org/docs/current/logicaldecoding.html */
export class PostgresCapture implements Capture {
  readonly isOn: boolean
  readonly #server: Server
  readonly #url: PostgresUrl
  readonly #clock: Clock

  constructor(server: Server, url: PostgresUrl, clock: Clock) {
    this.isOn = url.capture
    this.#server = server
    this.#url = url
    this.#clock = clock
  }

  async prepare(): Promise<readonly string[]> {
    await loadReplication()
    const settings = `select current_setting('wal_level'), current_setting('server_version_num')::int, current_setting('max_slot_wal_keep_size'),
      rolsuper or rolreplication or pg_has_role(current_user, (select oid from pg_roles where rolname = 'rds_replication'), 'member'), current_user
      from pg_roles where rolname = current_user`
    const [row] = await this.#server.rows({ sql: settings, parameters: [] })
    const [level, version, kept, mayReplicate, user] = row ?? []
    if (Number(version) < oldest) throw refused('the server is older than PostgreSQL 14')
    if (level !== 'logical') {
      throw refused(`the server has wal_level = ${level}, run "alter system set wal_level = 'logical'" and start it again`)
    }
    if (mayReplicate !== true)
      throw refused(`the user may not read the log, run "alter role ${user} replication" as an administrator`)
    if (kept !== '-1') return []
    return [
      'The server keeps its log without limit while no process of the app reads it; set max_slot_wal_keep_size, to 10GB for example',
    ]
  }

  async open(models: readonly Model[]): Promise<Outside | undefined> {
    const session = await this.#server.connect()
    try {
      const turn = 'select pg_try_advisory_lock(hashtext($1), hashtext(current_schema()))'
      if ((await firstValue(session, turn, 'tapri_capture')) !== true) {
        session.release(true)
        return undefined
      }
      const name = await slotName(session)
      const added = await publish(session, name, models)
      const slot = await makeSlot(session, name)
      // what was written before somebody listened is not known
      const unknown = new Pile()
      for (const model of slot.isNew ? models : added) unknown.touch(model)
      return await PostgresOutside.open({ ...slot, name, session, models, unknown, url: this.#url, clock: this.#clock })
    } catch (cause) {
      session.release(true)
      throw cause
    }
  }

  async remove(): Promise<void> {
    const session = await this.#server.session()
    let isWhole = false
    try {
      await dropSlot(session, await slotName(session))
      isWhole = true
    } catch (cause) {
      throw refused(`what an earlier run has left cannot be taken away: ${reasonOf(cause)}`, cause)
    } finally {
      session.release(!isWhole)
    }
  }
}

/** Slots are of the whole server, so the name says of which schema of which database this is. */
async function slotName(session: Session): Promise<SlotName> {
  const place = await firstValue(session, "select concat_ws(' ', current_database(), current_schema())")
  return `tapri_${createHash('sha256').update(String(place)).digest('hex').slice(0, 32)}`
}

async function firstValue(session: Session, sql: string, ...parameters: readonly string[]): Promise<unknown> {
  const [row] = await session.rows({ sql, parameters: [...parameters] })
  return row?.[0]
}

function refused(reason: string, cause?: unknown) {
  return dataError('TAPRI_DATA_CAPTURE', `Cannot hear what others write to the database: ${reason}`, { cause })
}
