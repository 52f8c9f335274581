import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import type { Clock } from '../../../kit/clock.ts'
import { type Outside, type OutsidePart, readChange } from '../../capture/capture.ts'
import { Inbox } from '../../capture/inbox.ts'
import { Pile } from '../../capture/pile.ts'
import type { Model } from '../../catalog.ts'
import type { Raw } from '../../driver.ts'
import type { StoredRow } from '../../evaluate.ts'
import type { SqlRow } from '../sql/dialect.ts'
import { rowDecoder } from '../sql/row.ts'
import {
  asRows,
  asStatement,
  type BinlogEvent,
  type DeleteRowsEvent,
  loadBinlog,
  type RowData,
  type RowsOf,
  type UpdateRowsEvent,
  type WriteRowsEvent,
  type ZongJi,
} from './binlog.ts'
import { codecOf } from './codec.ts'
import { connectionSettings, type Session } from './connection.ts'
import { translate } from './failure.ts'
import type { Flavour } from './flavour.ts'
import type { MysqlUrl } from './url.ts'

/** A place in the binary log of one server. */
export interface BinlogPlace {
  /** As it is written in `tapri_meta`; empty when it is not there, or nothing any more. */
  readonly kept: string
  readonly server: string
  readonly file: string
  readonly position: number
}

interface StreamOptions {
  readonly place: BinlogPlace
  readonly models: readonly Model[]
  readonly url: MysqlUrl
  readonly flavour: Flavour
  readonly clock: Clock
  /** Holds the lock by which one process hears for all. */
  readonly session: Session
  /** What may have changed unheard. */
  readonly unknown: Pile
}

const logTable = 'tapri_changes'
const heardEvents = ['tablemap', 'writerows', 'updaterows', 'deleterows', 'xid', 'query', 'xaprepare', 'transactionpayload']
/** Statements that change rows and are in the log as such: TRUNCATE always, the others of a session with other settings. */
const writing = /^\s*(?:truncate|insert|update|delete|replace|load|xa\s+commit)\b/i
/** So many bytes of the log are read again at most after a restart, when nothing was to be told. */
const savedEvery = 64 * 1024 ** 2
const pingEvery = 20_000

/** The server's binary log from a place on. */
export class BinlogOutside implements Outside {
  readonly #options: StreamOptions
  readonly #log: ZongJi
  readonly #tables: ReadonlyMap<string, Table>
  readonly #inbox = new Inbox()
  #transaction: { pile: Pile; isOurs: boolean } = { pile: new Pile(), isOurs: false }
  #kept: string
  #read = 0
  #cancelPing: () => void = () => {}

  private constructor(options: StreamOptions, log: ZongJi) {
    this.#options = options
    this.#log = log
    this.#kept = options.place.kept
    this.#tables = new Map(options.models.map((model) => [model.name, tableOf(model, options.flavour)]))
  }

  static async open(options: StreamOptions): Promise<BinlogOutside> {
    const Log = await loadBinlog()
    const { place, models, url, session } = options
    const log = new Log(connectionSettings(url))
    const outside = new BinlogOutside(options, log)
    const lose = (cause: unknown) => outside.#inbox.fail(translate(cause))
    if (!options.unknown.isEmpty) outside.#inbox.add(options.unknown, `${place.server} ${place.file} ${place.position}`)
    log.on('error', (error) => {
      // told of as an event too, and answered there
      if (!error.message.startsWith('Server sent a TRANSACTION_PAYLOAD_EVENT')) lose(error)
    })
    log.on('binlog', (event: BinlogEvent) => outside.#hear(event))
    session.hear(lose)
    outside.#pingLater()
    log.start({
      filename: place.file,
      position: place.position,
      // the server ends the connection of another reader with the same number
      serverId: randomInt(1_000_000, 2 ** 31),
      includeEvents: heardEvents,
      includeSchema: { [url.database]: [...models.map(({ name }) => name), logTable] },
    })
    return outside
  }

  next(): Promise<OutsidePart | undefined> {
    return this.#inbox.next()
  }

  /** The server tells of a commit before the rows are there, but both in one order: once a later commit is done, all before it are. */
  async visible(): Promise<void> {
    const { session } = this.#options
    await session.run(
      "begin; insert into tapri_meta (name, value) values ('fence', ''); delete from tapri_meta where name = 'fence'; commit",
    )
  }

  async keep(raw: Raw, place: string): Promise<boolean> {
    if (raw.kind !== 'mysql') return false
    const sql = "update tapri_meta set value = ? where name = 'captured' and value = ?"
    return (await raw.run({ sql, parameters: [place, this.#kept] })).changed === 1
  }

  settled(place: string): void {
    this.#kept = place
    this.#read = 0
    this.#inbox.settled()
  }

  async close(): Promise<void> {
    this.#cancelPing()
    this.#inbox.end()
    const stopped = once(this.#log, 'stopped')
    this.#log.stop()
    await stopped
    this.#options.session.close()
  }

  /** The server closes connections that say nothing for long. */
  #pingLater(): void {
    this.#cancelPing = this.#options.clock.after(pingEvery, () => {
      this.#log.ctrlConnection?.ping()
      // a connection that does not answer is told as lost
      this.#options.session.run('do 0').catch(() => {})
      this.#pingLater()
    })
  }

  #hear(event: BinlogEvent): void {
    this.#read += event.size
    switch (event.getTypeName()) {
      case 'WriteRows':
        this.#change(asRows<WriteRowsEvent>(event), (row) => [null, row])
        break
      case 'UpdateRows':
        this.#change(asRows<UpdateRowsEvent>(event), ({ before, after }) => [before, after])
        break
      case 'DeleteRows':
        this.#change(asRows<DeleteRowsEvent>(event), (row) => [row, null])
        break
      case 'Xid':
        this.#commit()
        break
      case 'XaPrepare':
        this.#begin()
        break
      case 'TransactionPayload':
        // of a session that compresses, whatever the server does
        this.#touchAll()
        break
      case 'Query':
        this.#hearStatement(event)
    }
  }

  #change<R>(event: RowsOf<R>, sidesOf: (row: R) => readonly [RowData | null, RowData | null]): void {
    const name = event.tableMap[event.tableId]?.tableName ?? ''
    if (name === logTable) this.#transaction.isOurs = true
    const table = this.#tables.get(name)
    if (table === undefined || this.#transaction.isOurs) return
    for (const row of event.rows) {
      const [before, after] = sidesOf(row)
      const read = () => ({ before: table.read(before), after: table.read(after) })
      this.#transaction.pile.add(readChange(table.model, read))
    }
  }

  #hearStatement(event: BinlogEvent): void {
    const { query, schema } = asStatement(event)
    const text = query.replace(/^(?:\s|\/\*[^*]*\*\/|--[^\n]*\n|#[^\n]*\n)+/, '')
    if (/^begin\b/i.test(text)) this.#begin()
    else if (/^(?:commit|rollback)$/i.test(text.trim())) this.#commit()
    else if (schema === this.#options.url.database && writing.test(text)) this.#touchAll()
  }

  #touchAll(): void {
    for (const { model } of this.#tables.values()) this.#transaction.pile.touch(model)
    this.#commit()
  }

  #isFar(file: string): boolean {
    return this.#read > savedEvery || !this.#kept.includes(` ${file} `)
  }

  #begin(): void {
    this.#transaction = { pile: new Pile(), isOurs: false }
  }

  #commit(): void {
    const { pile, isOurs } = this.#transaction
    this.#begin()
    const { filename = '', position = 0 } = this.#log.options
    const place = `${this.#options.place.server} ${filename} ${position}`
    if (!isOurs && !pile.isEmpty) this.#inbox.add(pile, place)
    // what was ours alone need not be read again after a restart, and may be purged
    else if (this.#inbox.isSettled && this.#isFar(filename)) this.#inbox.add(new Pile(), place)
  }
}

interface Table {
  readonly model: Model
  read(values: RowData | null): StoredRow | null
}

function tableOf(model: Model, flavour: Flavour): Table {
  const decode = rowDecoder(codecOf(flavour.deepestJson), model.columns)
  return {
    model,
    read(values) {
      if (values === null) return null
      const row: SqlRow = model.columns.map(({ name }) => values[name] ?? null)
      return decode(row)
    },
  }
}
