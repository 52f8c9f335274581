import type * as Sdk from 'mongodb'
import type { ChangeStream, ChangeStreamOptions, ClientSession, Collection, Db, Document, MongoClient } from 'mongodb'
import type { Raw } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import type { Numbers } from './codec.ts'
import { translate } from './failure.ts'
import type { MongoUrl } from './url.ts'

export type { ChangeStream, ClientSession, Db, Document }

/** A document as it is stored. */
export interface Stored extends Document {
  readonly _id: string | number
}

/** One of our own documents of book-keeping. */
export type Kept = Collection<Stored>

/** The first with `$topN`. https://www.mongodb.com/docs/manual/reference/command/hello: 17 is MongoDB 6.0 */
const oldestWire = 17

/** The connections to one replica set; those that break are replaced by new ones when they are needed. */
export class Server {
  readonly db: Db
  readonly numbers: Numbers
  /** Milliseconds that one operation may take. */
  readonly longest: number
  /** A place in a change stream as a text, and back: it may hold more than JSON can say. */
  readonly places: { text(token: unknown): string; token(text: string): unknown }
  readonly #client: MongoClient

  constructor(sdk: typeof Sdk, client: MongoClient, url: MongoUrl) {
    this.#client = client
    this.db = client.db(url.database)
    this.longest = url.statementTimeout
    const { EJSON } = sdk.BSON
    this.places = { text: (token) => EJSON.stringify(token), token: (text) => EJSON.parse(text) }
    this.numbers = { whole: (value) => sdk.Long.fromNumber(value), fraction: (value) => new sdk.Double(value) }
  }

  meta(): Kept {
    return this.db.collection<Stored>('tapri_meta')
  }

  changes(): Kept {
    return this.db.collection<Stored>('tapri_changes')
  }

  /** What is written in the database from now on, or from a place on. */
  watch(pipeline: Document[], options: ChangeStreamOptions): ChangeStream {
    return this.db.watch(pipeline, options)
  }

  /** A session in a transaction that reads one snapshot. */
  transaction(): ClientSession {
    const session = this.#client.startSession()
    session.startTransaction({
      readConcern: { level: 'snapshot' },
      writeConcern: { w: 'majority', journal: true },
      readPreference: 'primary',
      maxCommitTimeMS: this.longest,
    })
    return session
  }

  /** Runs a command of the database.
   * @throws the package's own errors */
  async command(command: Document): Promise<Document> {
    // its name must come first
    return this.db.command({ ...command, maxTimeMS: command.maxTimeMS ?? this.longest })
  }

  close(): Promise<void> {
    return this.#client.close()
  }
}

// What a transaction of this driver lends is of the package's own class.
export function sessionOf(raw: Raw): ClientSession | undefined {
  return raw.kind === 'mongodb' ? (raw.session as ClientSession | undefined) : undefined
}

/** Loads the package that the app has installed, and connects.
 * @throws TAPRI_DATA_NO_SDK, TAPRI_DATA_OPEN */
export async function openServer(url: MongoUrl): Promise<Server> {
  const sdk = await load()
  const client = new sdk.MongoClient(url.text, optionsOf(url))
  try {
    const server = new Server(sdk, client, url)
    requireTransactions(await client.db('admin').command({ hello: 1 }))
    return server
  } catch (cause) {
    await client.close()
    throw translate(cause)
  }
}

async function load(): Promise<typeof Sdk> {
  try {
    return await import('mongodb')
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND')) throw cause
    const message = 'Cannot use MongoDB: the package "mongodb" is not installed, run "npm install mongodb"'
    throw dataError('TAPRI_DATA_NO_SDK', message, { cause })
  }
}

/** What is committed is on most members and on their disks; nothing else is read. */
function optionsOf({ given }: MongoUrl): Sdk.MongoClientOptions {
  return {
    ...(!given.has('appname') && { appName: 'tapri' }),
    ...(!given.has('serverselectiontimeoutms') && { serverSelectionTimeoutMS: 10_000 }),
    writeConcern: { w: 'majority', journal: true },
    readConcern: { level: 'majority' },
    readPreference: 'primary',
  }
}

/** @throws TAPRI_DATA_OPEN */
function requireTransactions(hello: Document): void {
  if (typeof hello.maxWireVersion === 'number' && hello.maxWireVersion < oldestWire) {
    throw dataError('TAPRI_DATA_OPEN', 'the server is older than MongoDB 6.0, which is needed')
  }
  const isCluster = typeof hello.setName === 'string' || hello.msg === 'isdbgrid'
  if (isCluster) return
  const cure = 'start it with "mongod --replSet rs0" and run "rs.initiate()" once in mongosh; one member is enough'
  throw dataError('TAPRI_DATA_OPEN', `the server stands alone and so has no transactions: ${cure}`)
}
