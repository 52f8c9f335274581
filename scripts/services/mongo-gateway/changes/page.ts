import type { Pool } from 'pg'
import { type Document, encode } from '../bson.ts'
import type { Command } from '../command.ts'
import { arrayElement, contentOf, documentElement, documentOf, elementsOf } from '../document.ts'
import { callEngine } from '../engine.ts'
import { CommandError } from '../errors.ts'
import { tellError } from '../tell.ts'
import { endOf, eventOf } from './event.ts'
import type { Entry, Oplog } from './oplog.ts'
import { type Position, tokenOf } from './position.ts'
import type { Request } from './request.ts'

/** What a stream tells at once. */
export interface Page {
  readonly events: readonly Buffer[]
  /** Where to go on. */
  readonly position: Position
  readonly token: Document
  /** Whether the stream is over. */
  readonly isEnd: boolean
}

interface Asked {
  readonly request: Request
  readonly position: Position
  /** The most events of the page; 0 is as many as there are. */
  readonly batchSize: number
}

interface Made {
  readonly bytes: Buffer
  readonly position: Position
  readonly uuid: Buffer | undefined
}

const mostEntries = 500
const mostBytes = 4 * 1024 ** 2
/** BSONObjMaxInternalSize: 16 MB, and 16 kB for what is around a document. */
const largestEvent = 16 * 1024 ** 2 + 16 * 1024

/** The next events of a stream; none when there are none yet. */
export async function pageOf(pool: Pool, oplog: Oplog, { request, position, batchSize }: Asked): Promise<Page> {
  for (let from = position; ; ) {
    if (!oplog.reaches(from))
      throw new CommandError(136, 'CappedPositionLost', 'CollectionScan died due to position in capped collection being deleted')
    const entries = oplog.after(from, mostEntries)
    const last = entries.at(-1)
    if (last === undefined) return atEnd(oplog)
    const { events, position: next } = await eventsOf(pool, entries, request)
    const passed = await through(pool, events, request)
    const told = batchSize > 0 ? passed.slice(0, batchSize) : passed
    // a stream is over behind its last event, whether or not its stages let that through
    const end = told.length === passed.length ? events.find(({ position }) => position.isEnd) : undefined
    const latest = end ?? told.at(-1)
    if (latest !== undefined) return pageOfEvents(told, latest)
    from = next
  }
}

function pageOfEvents(told: readonly Made[], { position, uuid }: Made): Page {
  return { events: told.map(({ bytes }) => bytes), position, token: tokenOf(position, uuid), isEnd: position.isEnd === true }
}

function atEnd(oplog: Oplog): Page {
  const position = oplog.end()
  return { events: [], position, token: tokenOf(position), isEnd: false }
}

/** The events of as many entries as go together, and where that is. */
async function eventsOf(
  pool: Pool,
  entries: readonly Entry[],
  request: Request,
): Promise<{ events: Made[]; position: Position }> {
  const events: Made[] = []
  let bytes = 0
  let position: Position = { time: 0n, index: -1 }
  for (const entry of entries) {
    position = { time: entry.time, index: entry.index }
    if (!concerns(entry, request)) continue
    const looked = isLookedUp(entry, request) ? await lookUp(pool, entry) : undefined
    const event = eventOf(entry, request.images, looked)
    events.push({ bytes: event, position, uuid: entry.uuid })
    if (endsStream(entry, request)) {
      events.push({ bytes: endOf(entry), position: { ...position, isEnd: true }, uuid: entry.uuid })
      break
    }
    bytes += event.length
    if (bytes > mostBytes) break
  }
  return { events, position }
}

/** Through the stages of the stream, which the engine knows. */
async function through(pool: Pool, made: readonly Made[], { stages, database }: Request): Promise<Made[]> {
  for (const { bytes } of made) if (bytes.length > largestEvent) throw tooLarge(bytes.length)
  if (made.length === 0 || stages.length === 0) return [...made]
  const documents = documentOf([
    arrayElement(
      '$literal',
      made.map(({ bytes }) => bytes),
    ),
  ])
  const source = documentOf([documentElement('$documents', documents)])
  const rest = encode({ cursor: { batchSize: made.length + 1 } })
  const body = documentOf([
    ...elementsOf(encode({ aggregate: 1 })),
    arrayElement('pipeline', [source, ...stages]),
    ...elementsOf(rest),
  ])
  const passed = await ask(pool, {
    name: 'aggregate',
    target: 1,
    database: database ?? 'admin',
    body,
    settings: {},
    session: undefined,
    transaction: undefined,
  })
  const places = new Map(made.map((each) => [idOf(each.bytes), each]))
  return passed.map((bytes) => {
    const source = places.get(idOf(bytes))
    if (source === undefined) throw changedToken()
    return { ...source, bytes }
  })
}

function concerns({ namespace, to }: Entry, { database, collection }: Request): boolean {
  if (namespace.collection.startsWith('system.')) return false
  if (database !== undefined && namespace.database !== database) return false
  if (collection === undefined || namespace.collection === '') return true
  return namespace.collection === collection || to?.collection === collection
}

/** https://www.mongodb.com/docs/manual/reference/change-events/invalidate/ */
function endsStream({ kind }: Entry, { database, collection }: Request): boolean {
  if (database === undefined) return false
  return kind === 'dropDatabase' || (collection !== undefined && (kind === 'drop' || kind === 'rename'))
}

function isLookedUp({ kind }: Entry, { images }: Request): boolean {
  return kind === 'update' && images.fullDocument === 'updateLookup'
}

/** The document as it is now, if it is there. */
async function lookUp(pool: Pool, { namespace, key }: Entry): Promise<Buffer | null> {
  if (key === undefined) return null
  const body = documentOf([...elementsOf(encode({ find: namespace.collection })), documentElement('filter', key)])
  const command = {
    name: 'find',
    target: namespace.collection,
    database: namespace.database,
    body,
    settings: {},
    session: undefined,
    transaction: undefined,
  }
  const [found] = await ask(pool, command)
  return found ?? null
}

/** The documents that a command of the engine gives, of one page. */
async function ask(pool: Pool, command: Command): Promise<Buffer[]> {
  const client = await pool.connect()
  try {
    const { document } = await callEngine(client, command)
    client.release()
    const cursor = Buffer.isBuffer(document) ? elementsOf(document).find(({ name }) => name === 'cursor') : undefined
    const batch = cursor === undefined ? undefined : elementsOf(contentOf(cursor)).find(({ name }) => name === 'firstBatch')
    return batch === undefined ? [] : elementsOf(contentOf(batch)).map(contentOf)
  } catch (cause) {
    client.release(true)
    throw await tellError(pool, command, cause)
  }
}

function idOf(event: Buffer): string {
  return (
    elementsOf(event)
      .find(({ name }) => name === '_id')
      ?.bytes.toString('latin1') ?? ''
  )
}

function tooLarge(size: number): CommandError {
  const message = `Executor error during getMore :: caused by :: BSONObj size: ${size} is invalid. Size must be between 0 and ${largestEvent}(16MB)`
  return new CommandError(10334, 'BSONObjectTooLarge', message)
}

function changedToken(): CommandError {
  const message =
    'Encountered an event whose _id field, which contains the resume token, was modified by the pipeline. Modifying the _id field of an event makes it impossible to resume the stream from that point.'
  return new CommandError(280, 'ChangeStreamFatalError', message, { labels: ['NonResumableChangeStreamError'] })
}
