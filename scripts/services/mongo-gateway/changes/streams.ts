import { randomBytes } from 'node:crypto'
import type { Pool } from 'pg'
import { type Document, encode, long, timestamp } from '../bson.ts'
import type { Command } from '../command.ts'
import { arrayElement, documentElement, documentOf, elementsOf } from '../document.ts'
import { CommandError } from '../errors.ts'
import { Oplog } from './oplog.ts'
import { type Page, pageOf } from './page.ts'
import { type Position, positionOf } from './position.ts'
import { Replication } from './replication.ts'
import { type Request, readRequest } from './request.ts'

interface Stream {
  readonly request: Request
  readonly id: bigint
  position: Position
  readonly log: Log
}

interface Log {
  readonly oplog: Oplog
  readonly replication: Promise<Replication>
}

// MongoDB's own for a cursor that waits for more
const defaultWait = 1000

/** Change streams: each is a place in the log of operations, and what is asked of those that come after it. */
export class ChangeStreams {
  readonly #pool: Pool
  readonly #url: string
  readonly #open = new Map<string, Stream>()
  #log: Log | undefined

  constructor(pool: Pool, url: string) {
    this.#pool = pool
    this.#url = url
  }

  /** Whether there is a log; it begins with the first stream. */
  get isActive(): boolean {
    return this.#log !== undefined
  }

  has(id: string): boolean {
    return this.#open.has(id)
  }

  async open(command: Command): Promise<Buffer> {
    const request = readRequest(command)
    const log = this.#logged()
    await (await log.replication).settle()
    const position = startOf(request, log.oplog)
    const id = randomBytes(8).readBigInt64BE() & 0x7fff_ffff_ffff_ffffn
    const stream: Stream = { request, id, position, log }
    const page = await this.#page(stream)
    if (!page.isEnd) this.#open.set(String(id), stream)
    return answerOf(stream, page, 'firstBatch')
  }

  /** Waits for something to tell, as long as the driver asks for. */
  async next({ target, settings }: Command): Promise<Buffer> {
    const id = String(target)
    const latest = performance.now() + Number(settings.maxTimeMS ?? defaultWait)
    for (;;) {
      const stream = this.#open.get(id)
      if (stream === undefined) throw new CommandError(237, 'CursorKilled', `cursor id ${id} was killed`)
      const page = await this.#page(stream, Number(settings.batchSize ?? 0))
      if (page.isEnd) this.#open.delete(id)
      const left = latest - performance.now()
      if (page.events.length > 0 || page.isEnd || left <= 0) return answerOf(stream, page, 'nextBatch')
      await stream.log.oplog.more(left)
    }
  }

  /** Whether a stream was there to be closed. */
  close(id: string): boolean {
    const stream = this.#open.get(id)
    this.#open.delete(id)
    stream?.log.oplog.wake()
    return stream !== undefined
  }

  /** A command that MongoDB does not have: what was before a token is forgotten, as by a log that is full. */
  truncate({ target }: Command): Document {
    this.#log?.oplog.truncate(positionOf(target))
    return { ok: 1 }
  }

  async closeAll(): Promise<void> {
    const log = this.#log
    this.#lose(log)
    // one that could not be opened is closed already
    await log?.replication.then((replication) => replication.close()).catch(() => {})
  }

  async #page(stream: Stream, batchSize = 0): Promise<Page> {
    const page = await pageOf(this.#pool, stream.log.oplog, { ...stream, batchSize })
    stream.position = page.position
    return page
  }

  #logged(): Log {
    if (this.#log !== undefined) return this.#log
    const oplog = new Oplog()
    const replication = Replication.open(this.#pool, this.#url, { oplog, onLost: () => this.#lose(log) })
    const log: Log = { oplog, replication }
    replication.catch(() => this.#lose(log))
    this.#log = log
    return log
  }

  /** With the engine its log is gone: drivers go on at the next one, which does not reach back to where they were. */
  #lose(log: Log | undefined): void {
    if (log === undefined || this.#log !== log) return
    this.#log = undefined
    for (const id of [...this.#open.keys()]) this.close(id)
  }
}

function startOf({ start }: Request, oplog: Oplog): Position {
  if (start === undefined) return oplog.end()
  const position = start.token === undefined ? { time: start.time, index: -1 } : positionOf(start.token)
  if (position.isEnd === true && start.refusesEnd) {
    const message = "Attempting to resume a change stream using 'resumeAfter' is not allowed from an invalidate notification"
    throw new CommandError(260, 'InvalidResumeToken', message)
  }
  if (!oplog.reaches(position)) {
    const message = 'Resume of change stream was not possible, as the resume point may no longer be in the oplog.'
    throw new CommandError(286, 'ChangeStreamHistoryLost', message, { labels: ['NonResumableChangeStreamError'] })
  }
  if (position.index >= 0 && oplog.entryAt(position) === undefined) {
    const message = `cannot resume stream; the resume token was not found. ${JSON.stringify(start.token)}`
    throw new CommandError(280, 'ChangeStreamFatalError', message, { labels: ['NonResumableChangeStreamError'] })
  }
  return { time: position.time, index: position.index }
}

function answerOf({ request, id, position }: Stream, page: Page, name: 'firstBatch' | 'nextBatch'): Buffer {
  const rest = { postBatchResumeToken: page.token, id: long(page.isEnd ? 0n : id), ns: request.answersAs }
  const cursor = documentOf([arrayElement(name, page.events), ...elementsOf(encode(rest))])
  const end = encode({ ok: 1, operationTime: timestamp(position.time) })
  return documentOf([documentElement('cursor', cursor), ...elementsOf(end)])
}
