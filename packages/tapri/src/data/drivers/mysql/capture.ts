import type { Clock } from '../../../kit/clock.ts'
import type { Capture, Outside } from '../../capture/capture.ts'
import { Pile } from '../../capture/pile.ts'
import type { Model } from '../../catalog.ts'
import { dataError } from '../../errors.ts'
import { reasonOf } from '../said.ts'
import { loadBinlog } from './binlog.ts'
import { BinlogOutside, type BinlogPlace } from './capture-stream.ts'
import type { Session } from './connection.ts'
import type { Server } from './server.ts'
import type { MysqlUrl } from './url.ts'

/** Settings without which the log does not tell of whole rows, and what they must be. */
const needed: Readonly<Record<string, string>> = {
  log_bin: '1',
  binlog_format: 'ROW',
  binlog_row_image: 'FULL',
  binlog_row_metadata: 'FULL',
}
/** What only MySQL has: forms of rows that the package cannot read, and commits in another order than that of the log. */
const neededOfMysql: Readonly<Record<string, string>> = {
  binlog_row_value_options: '',
  binlog_transaction_compression: '0',
  binlog_order_commits: '1',
}

/** What others write to MySQL and MariaDB, by the binary log: https://dev.mysql.com/doc/refman/9.0/en/binary-log.html */
export class MysqlCapture implements Capture {
  readonly isOn: boolean
  readonly #server: Server
  readonly #url: MysqlUrl
  readonly #clock: Clock

  constructor(server: Server, url: MysqlUrl, clock: Clock) {
    this.isOn = url.capture
    this.#server = server
    this.#url = url
    this.#clock = clock
  }

  async prepare(): Promise<readonly string[]> {
    await loadBinlog()
    const all = this.#server.flavour.name === 'MySQL' ? { ...needed, ...neededOfMysql } : needed
    const names = Object.keys(all)
    const list = names.map((name) => `@@global.${name}`).join(', ')
    const [row = []] = await this.#server.rows({ sql: `select ${list}`, parameters: [] })
    const wrong = names.filter((name, at) => String(row[at]) !== all[name])
    if (wrong.length > 0) {
      const told = wrong.map((name) => `${name} = ${asSet(all[name])}`).join(', ')
      throw refused(`the server's binary log must have ${told}: set it and start the server again`)
    }
    try {
      await this.#server.rows({ sql: 'show binary logs', parameters: [] })
    } catch (cause) {
      const grant = 'grant replication slave, replication client on *.* to its user'
      throw refused(`the server's binary log may not be read (${reasonOf(cause)}), ${grant}`, cause)
    }
    return []
  }

  async open(models: readonly Model[]): Promise<Outside | undefined> {
    const session = await this.#server.connect({ timeout: this.#url.statementTimeout })
    try {
      const turn = "select get_lock(concat('tapri capture ', left(sha2(database(), 256), 40)), 0)"
      if (Number(await firstValue(session, turn)) !== 1) {
        session.close()
        return undefined
      }
      const place = await placeOf(session, this.#server.flavour.name)
      const unknown = new Pile()
      if (place.kept === '') for (const model of models) unknown.touch(model)
      const { flavour } = this.#server
      return await BinlogOutside.open({ place, models, session, unknown, flavour, url: this.#url, clock: this.#clock })
    } catch (cause) {
      session.close()
      throw cause
    }
  }

  async remove(): Promise<void> {
    await this.#server
      .rows({ sql: "select value from tapri_meta where name = 'captured'", parameters: [] })
      .then(async (rows) => {
        if (rows.length === 0) return
        const session = await this.#server.connect({ timeout: this.#url.statementTimeout })
        await session.run("delete from tapri_meta where name = 'captured'").finally(() => session.close())
      })
  }
}

/** Where the last part ended that is in the change log; where the server writes now, if it does not know that place any more. */
async function placeOf(session: Session, flavour: string): Promise<BinlogPlace> {
  await session.run("insert ignore into tapri_meta (name, value) values ('captured', '')")
  const kept = String(await firstValue(session, "select value from tapri_meta where name = 'captured'"))
  // files of another server may be called alike
  const identity = flavour === 'MySQL' ? '@@server_uuid' : "concat(@@server_id, '-', @@gtid_domain_id)"
  const server = String(await firstValue(session, `select ${identity}`))
  const files = await session.rows({ sql: 'show binary logs', parameters: [] })
  const [of, file = '', position = ''] = kept.split(' ')
  if (of === server && files.some(([name]) => name === file)) return { kept, server, file, position: Number(position) }
  await session.run("update tapri_meta set value = '' where name = 'captured'")
  const [name, size] = files.at(-1) ?? []
  return { kept: '', server, file: String(name), position: Number(size) }
}

async function firstValue(session: Session, sql: string): Promise<unknown> {
  const [row] = await session.rows({ sql, parameters: [] })
  return row?.[0]
}

/** As a person writes it into the server's settings. */
function asSet(value = ''): string {
  return { '': "''", '0': 'OFF', '1': 'ON' }[value] ?? value
}

function refused(reason: string, cause?: unknown) {
  return dataError('TAPRI_DATA_CAPTURE', `Cannot hear what others write to the database: ${reason}`, { cause })
}
