import type { Clock } from '../../../kit/clock.ts'
import type { Capture } from '../../capture/capture.ts'
import type { BeginOptions, ChangesRead, DatabaseFacts, Driver, Health, Reader, Tail, Transaction } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import type { FileMark, MigrationRecord } from '../../migration/record.ts'
import type { IndexState, MigrationAction, TableState } from '../../migration/state.ts'
import { reasonOf } from '../said.ts'
import { Batch } from './batch.ts'
import { MongoCapture } from './capture.ts'
import { Codec } from './codec.ts'
import { counts } from './counts.ts'
import { mayPass, translate } from './failure.ts'
import { type Frame, single } from './frame.ts'
import { inspect, saveFacts } from './inspect.ts'
import { migrate, migrations, resume } from './journal.ts'
import { readChanges } from './log.ts'
import { MongoReader } from './reader.ts'
import type { Document, Server } from './server.ts'
import { makeIndex } from './tables.ts'
import { MongoTail } from './tail.ts'
import { MongoTransaction } from './transaction.ts'
import { type Hold, Turn } from './turn.ts'

/** MongoDB: one transaction at a time among all processes, any number of readers. */
export class MongoDriver implements Driver {
  readonly facts: DatabaseFacts
  readonly reader: Reader
  readonly writers = 1
  readonly tail: Tail
  readonly capture: Capture
  readonly ordersAsSeen = true
  readonly #server: Server
  readonly #turn: Turn
  readonly #codec: Codec
  #hold: Hold | undefined
  #batch: Batch | undefined

  constructor(server: Server, facts: DatabaseFacts, { captures, clock }: { readonly captures: boolean; readonly clock: Clock }) {
    this.facts = facts
    this.#server = server
    this.#turn = new Turn(server)
    this.#codec = new Codec(server.numbers)
    this.reader = new MongoReader(server, this.#codec)
    this.tail = new MongoTail(server)
    this.capture = new MongoCapture({ isOn: captures, server, codec: this.#codec, clock })
  }

  /** Every transaction runs as if alone, whatever was asked for. */
  async begin({ brief = false }: BeginOptions): Promise<Transaction> {
    const shared = brief ? await this.#batch?.join() : undefined
    return new MongoTransaction(this.#server, this.#codec, shared ?? (await this.#begin(brief)))
  }

  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.#turn.hold(async (hold) => {
      this.#hold = hold
      try {
        await this.#translated(() => resume(this.#server, this.#codec, hold))
        const result = await work()
        await hold.require()
        return result
      } finally {
        this.#hold = undefined
      }
    })
  }

  mayPass(error: unknown): boolean {
    return mayPass(error)
  }

  changesSince(position: number, limit: number): Promise<ChangesRead> {
    return readChanges(this.#server, position, limit)
  }

  tables(): Promise<TableState[]> {
    return this.#translated(() => inspect(this.#server))
  }

  countRows(table: string): Promise<number> {
    return this.#count(table, counts.rows())
  }

  countNulls(table: string, column: string): Promise<number> {
    return this.#count(table, counts.nulls(column))
  }

  countTwins(table: string, columns: readonly string[]): Promise<number> {
    return this.#count(table, counts.twins(columns))
  }

  countOrphans(table: string, column: string, target: string): Promise<number> {
    return this.#count(table, counts.orphans(column, target))
  }

  async migrate(actions: readonly MigrationAction[], summaries: readonly string[], at: number, file?: FileMark): Promise<void> {
    const hold = this.#hold
    if (hold === undefined) {
      throw dataError('TAPRI_DATA_MIGRATION', 'Cannot migrate while others may write: it must be done exclusively')
    }
    await this.#translated(() => migrate(this.#server, this.#codec, hold, { actions, summaries, at, file }))
  }

  migrations(): Promise<readonly MigrationRecord[]> {
    return this.#translated(() => migrations(this.#server))
  }

  async migratingAlone<T>(work: () => Promise<T>): Promise<T> {
    const name = 'files'
    await this.#translated(() =>
      this.#server.meta().updateOne({ _id: name }, { $setOnInsert: { holder: null } }, { upsert: true }),
    )
    return new Turn(this.#server, { name }).hold(() => work())
  }

  costOf(action: MigrationAction): string {
    return costs[action.kind]
  }

  /** MongoDB makes an index while others write. */
  async addIndexLive(name: string, index: IndexState): Promise<void> {
    await this.#translated(async () => {
      const table = (await inspect(this.#server)).find((each) => each.name === name)
      if (table === undefined) return
      await makeIndex(this.#server, table, index)
      const others = table.indexes.filter((each) => each.name !== index.name)
      await saveFacts(this.#server, { ...table, indexes: [...others, index] })
    })
  }

  async health(): Promise<Health> {
    try {
      await this.#server.meta().findOne({ _id: 'turn' }, { maxTimeMS: this.#server.longest })
      return { answers: true }
    } catch (error) {
      return { answers: false, reason: reasonOf(error) }
    }
  }

  close(): Promise<void> {
    return this.#server.close()
  }

  async #begin(brief: boolean): Promise<Frame> {
    await this.#batch?.ended
    const begun = await this.#turn.begin()
    if (!brief) return single(this.#server, begun)
    this.#batch = new Batch(this.#server, begun)
    return (await this.#batch.join()) ?? single(this.#server, begun)
  }

  #count(table: string, stages: readonly Document[]): Promise<number> {
    return this.#translated(async () => {
      const [counted] = await this.#server.db
        .collection(table)
        .aggregate([...stages, { $count: 'count' }])
        .toArray()
      return Number(counted?.count ?? 0)
    })
  }

  async #translated<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (cause) {
      throw translate(cause)
    }
  }
}

const costs: Readonly<Record<MigrationAction['kind'], string>> = {
  'create table': 'instant',
  'drop table': 'instant',
  'rename table': 'instant',
  'add column': 'writes the rows',
  'change column': 'writes the rows',
  'drop column': 'writes the rows',
  'rename column': 'writes the rows',
  'add index': 'reads the rows, while others write',
  'drop index': 'instant',
  'rename index': 'reads the rows, while others write',
}
