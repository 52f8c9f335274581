import type { Clock } from '../../../kit/clock.ts'
import { connectionSettings, type PostgresUrl } from '../../../postgres/index.ts'
import { type Outside, type OutsidePart, readChange } from '../../capture/capture.ts'
import { Inbox } from '../../capture/inbox.ts'
import { Pile } from '../../capture/pile.ts'
import type { Model } from '../../catalog.ts'
import type { Raw } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import type { Slot, SlotName } from './capture-slot.ts'
import { type Table, tableOf, type Values } from './capture-table.ts'
import { translate } from './failure.ts'
import { before, lsn } from './lsn.ts'
import { type LogicalReplicationService, loadReplication, type Pgoutput } from './replication.ts'
import type { Session } from './server.ts'

interface StreamOptions extends Slot {
  readonly name: SlotName
  readonly models: readonly Model[]
  readonly url: PostgresUrl
  readonly clock: Clock
  /** Holds the lock by which one process hears for all. */
  readonly session: Session
  /** What may have changed unheard. */
  readonly unknown: Pile
}

/** The server forgets what was acknowledged; it asks whether somebody is there every 30 seconds, unless told otherwise. */
const acknowledgeEvery = 5000
/** So often, in milliseconds, it is looked whether a transaction can be seen. */
const lookEvery = 10
const logTable = 'tapri_changes'

/** The server's log from a slot on. */
export class PostgresOutside implements Outside {
  readonly #options: StreamOptions
  readonly #service: LogicalReplicationService
  readonly #tables: ReadonlyMap<string, Table>
  readonly #inbox = new Inbox()
  /** Transactions that are in the inbox or in a part of it, by where they end. */
  #told: { readonly number: number; readonly place: string }[] = []
  #transaction: { readonly number: number; readonly pile: Pile; isOurs: boolean } | undefined
  /** The place of the last part that is in the change log, as it is written there. */
  #kept: string
  /** All before this place was heard. */
  #heard: string
  #cancelTimer: () => void = () => {}

  private constructor(options: StreamOptions, service: LogicalReplicationService) {
    this.#options = options
    this.#service = service
    this.#tables = new Map(options.models.map((model) => [model.name, tableOf(model)]))
    this.#kept = options.kept
    this.#heard = [options.start, options.kept].sort().at(-1) ?? ''
  }

  static async open(options: StreamOptions): Promise<PostgresOutside> {
    const { LogicalReplicationService, PgoutputPlugin } = await loadReplication()
    const settings = { ...connectionSettings(options.url), statement_timeout: 0 }
    // it must acknowledge nothing by itself: what it has received is not written down
    const service = new LogicalReplicationService(settings, { acknowledge: { auto: false, timeoutSeconds: 0 } })
    const outside = new PostgresOutside(options, service)
    if (!options.unknown.isEmpty) outside.#inbox.add(options.unknown, outside.#heard)
    const plugin = new PgoutputPlugin({ protoVersion: 1, publicationNames: [options.name] })
    const lose = (cause: unknown) => outside.#inbox.fail(translate(cause))
    service.on('error', lose)
    service.on('data', (_place, message: Pgoutput.Message) => outside.#hear(message))
    service.on('heartbeat', (place, _moment, mustAnswer) => outside.#beat(place, mustAnswer))
    options.session.hear((lost) => lost !== undefined && lose(lost))
    service.subscribe(plugin, options.name).then(() => lose(ended()), lose)
    outside.#acknowledgeLater()
    return outside
  }

  next(): Promise<OutsidePart | undefined> {
    return this.#inbox.next()
  }

  /** The server tells of a commit when it is on the disk, and shows the rows after that: a transaction holds its own number until then. */
  async visible(place: string): Promise<void> {
    const numbers = this.#told.filter((each) => each.place <= place).map(({ number }) => number)
    const sql = "select 1 from pg_locks where locktype = 'transactionid' and transactionid = any($1::xid[]) limit 1"
    const { session, clock } = this.#options
    while ((await session.rows({ sql, parameters: [`{${numbers}}`] })).length > 0) {
      await new Promise<void>((resolve) => clock.after(lookEvery, resolve))
    }
  }

  async keep(raw: Raw, place: string): Promise<boolean> {
    if (raw.kind !== 'postgres') return false
    const sql = "update tapri_meta set value = $1 where name = 'captured' and value = $2"
    return (await raw.run({ sql, parameters: [place, this.#kept] })).changed === 1
  }

  settled(place: string): void {
    this.#kept = place
    this.#told = this.#told.filter((each) => each.place > place)
    this.#inbox.settled()
    this.#acknowledge()
  }

  async close(): Promise<void> {
    this.#cancelTimer()
    this.#inbox.end()
    try {
      await this.#service.destroy()
    } catch {
      // a connection that is lost already need not be ended
    }
    this.#options.session.release(true)
  }

  #hear(message: Pgoutput.Message): void {
    switch (message.tag) {
      case 'relation':
        // values as the server wrote them: the codec of the columns reads them
        for (const column of message.columns) column.parser = (text) => text
        break
      case 'begin':
        this.#transaction = { number: message.xid, pile: new Pile(), isOurs: false }
        break
      case 'commit':
        this.#commit(lsn(message.commitEndLsn ?? ''))
        break
      case 'insert':
        this.#change(message.relation, null, message.new)
        break
      case 'update':
        this.#change(message.relation, message.old ?? undefined, message.new)
        break
      case 'delete':
        this.#change(message.relation, message.old ?? undefined, null)
        break
      case 'truncate':
        for (const relation of message.relations) this.#change(relation, undefined, null)
    }
  }

  /** Without the row as it was, which tables tell since they are captured, anything may have changed. */
  #change(relation: Pgoutput.MessageRelation, old: Values | null | undefined, fresh: Values | null): void {
    const transaction = this.#transaction
    if (transaction === undefined || transaction.isOurs) return
    // the log alone is inserted into by us, in the transaction that it tells of
    transaction.isOurs = relation.name === logTable && old === null
    const table = this.#tables.get(relation.name)
    if (table === undefined) return
    if (old === undefined) transaction.pile.touch(table.model)
    else {
      const read = () => ({ before: table.read(relation, old), after: table.read(relation, fresh) })
      transaction.pile.add(readChange(table.model, read))
    }
  }

  #commit(place: string): void {
    const transaction = this.#transaction
    this.#transaction = undefined
    const isNews = transaction !== undefined && !transaction.isOurs && !transaction.pile.isEmpty && place > this.#kept
    if (isNews) {
      this.#told.push({ number: transaction.number, place })
      this.#inbox.add(transaction.pile, place)
    }
    this.#reach(place)
  }

  /** Between transactions the server tells how far its log is: nothing for us is before that. */
  #beat(place: string, mustAnswer: boolean): void {
    if (this.#transaction === undefined) this.#reach(lsn(place))
    if (mustAnswer) this.#acknowledge()
  }

  #reach(place: string): void {
    if (place > this.#heard) this.#heard = place
  }

  #acknowledge(): void {
    const place = this.#inbox.isSettled ? this.#heard : this.#kept
    // never rejects: what cannot be sent is told as the end of the connection
    if (place !== '') void this.#service.acknowledge(before(place))
  }

  #acknowledgeLater(): void {
    this.#cancelTimer = this.#options.clock.after(acknowledgeEvery, () => {
      this.#acknowledge()
      this.#acknowledgeLater()
    })
  }
}

function ended() {
  return dataError('TAPRI_DATA_UNREACHABLE', 'Cannot hear what others write to the database: the connection is closed')
}
