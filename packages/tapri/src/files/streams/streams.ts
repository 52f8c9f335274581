import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Database } from '../../data/index.ts'
import type { Clock } from '../../kit/clock.ts'
import { newId } from '../../kit/ids.ts'
import type { Log } from '../../observe/index.ts'
import { filesError } from '../errors.ts'
import { type FileDb, fileDb, idOf } from '../file-db.ts'
import type { Programs } from '../media/programs.ts'
import type { Place } from '../media/row-media.ts'
import type { Renditions } from '../renditions.ts'
import { Broadcasts, isGone, type Pushing, placeOf, taken } from './broadcasts.ts'
import { missing, shownStream } from './live-row.ts'
import { forgetStreams, streamFields } from './note.ts'
import { type LiveStore, type Pushed, type Sending, takePush } from './push.ts'
import { silent } from './watch.ts'
import { emptyWindow } from './window.ts'

export interface StreamsOptions {
  readonly database: Database
  readonly renditions: Renditions
  readonly clock: Clock
  readonly log: Log
  readonly programs: Programs
  /** How many encoders may send to this process at once. */
  readonly atOnce: number
}

interface Running {
  /** Of the stream. */
  readonly id: string
  readonly place: Place
  readonly abort: AbortController
  readonly done: Promise<unknown>
}

const lookEvery = 2500

/** Live streams of an app: taken from encoders, cut into pieces, shown for as long as they are live. */
export class Streams {
  readonly #options: StreamsOptions
  readonly #db: FileDb
  readonly #broadcasts: Broadcasts
  /** What is sent to this process, by push. */
  readonly #running = new Map<string, Running>()
  #isClosed = false
  #stopLooking = () => {}
  #stopListening = () => {}
  #looking: Promise<void> = Promise.resolve()

  constructor(options: StreamsOptions) {
    this.#options = options
    this.#db = fileDb(options.database.asSystem)
    this.#broadcasts = new Broadcasts(options)
    const fields = streamFields(options.database.models)
    if (fields.size === 0) return
    options.database.duringTransaction((changes, db) => forgetStreams(changes, fileDb(db), fields))
    this.#stopListening = options.database.changes.subscribe(({ changes }) => {
      for (const { model, before, after } of changes) {
        if (model !== 'tapri_streams' || typeof before?.push !== 'string' || before.push === after?.push) continue
        const running = this.#running.get(before.push)
        running?.abort.abort(reasonOf(running.place, before.state, after?.state))
      }
    })
    this.#lookLater()
  }

  /** Whether any model has a field for live streams. */
  get isUsed(): boolean {
    return streamFields(this.#options.database.models).size > 0
  }

  /** The path to send to, with a new key: the one before is void from now on.
   * @throws TAPRI_NOT_FOUND */
  async newPushPath({ model, row, field }: Place): Promise<string> {
    const place = { model, row, field }
    await shownStream(this.#options.database, place)
    const key = randomBytes(24).toString('base64url')
    const hash = hashOf(key)
    const { id } = await this.#db.tapri_streams.upsert(
      { ...place, hash, state: 'off', window: emptyWindow },
      { on: ['model', 'row', 'field'], update: { hash, push: null } },
    )
    return `/streams/${id}?key=${key}`
  }

  /**
   * Takes what an encoder sends, until it ends; encoders do not wait for the answer. A later push to the same stream takes it over.
   * @throws TAPRI_FILES_STREAM_KEY, TAPRI_FILES_STREAM, TAPRI_FILES_STREAM_TAKEN, TAPRI_FILES_BUSY, TAPRI_FILES_NO_FFMPEG
   */
  async push(id: string, key: string, source: Sending): Promise<Pushed> {
    const stream = await this.#db.tapri_streams.first({ where: { id: idOf(id) } })
    const given = Buffer.from(hashOf(key))
    if (stream === null || !timingSafeEqual(given, Buffer.from(stream.hash))) throw wrongKey()
    if (this.#isClosed) throw stopping()
    // an encoder that comes back takes over from itself
    const others = [...this.#running.values()].filter((running) => running.id !== id).length
    if (others >= this.#options.atOnce) throw busy(this.#options.atOnce)
    const push = newId()
    const abort = new AbortController()
    const place = placeOf(stream)
    const done = this.#begin({ id, push, place }, stream.hash, source, abort.signal)
    this.#running.set(push, { id, place, abort, done: done.catch(() => {}) })
    try {
      return await done
    } finally {
      this.#running.delete(push)
    }
  }

  /** Ends what nothing comes for any more, and removes what has ended for a while. */
  async look(): Promise<void> {
    const due = { expires: { lte: new Date(this.#options.clock.now()) }, not: { state: 'off' } } as const
    for (const { id } of await this.#db.tapri_streams.find({ where: due, limit: 100 })) {
      try {
        await this.#broadcasts.expire(id)
      } catch (error) {
        // one whose row or file is in disorder keeps no other from its end
        this.#options.log.event('files.stream.not-ended', { error, stream: id }, 'error')
      }
    }
  }

  /** Ends what is sent to this process; encoders come back to another. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#stopLooking()
    this.#stopListening()
    for (const { abort } of this.#running.values()) abort.abort(stopping())
    await Promise.all([...this.#running.values()].map(({ done }) => done))
    await this.#looking
  }

  async #begin(pushing: Pushing, hash: string, source: Sending, signal: AbortSignal): Promise<Pushed> {
    if (!(await this.#broadcasts.take(pushing, hash))) throw wrongKey()
    return this.#take(pushing, source, signal)
  }

  async #take(pushing: Pushing, source: Sending, signal: AbortSignal): Promise<Pushed> {
    const { programs, clock, log } = this.#options
    const into: LiveStore = {
      begin: (head) => this.#broadcasts.begin(pushing, head),
      add: (bytes, duration) => this.#broadcasts.add(pushing, bytes, duration),
      stay: (heardAt) => this.#stay(pushing, heardAt),
    }
    try {
      const pushed = await takePush(source, into, { programs, clock, signal })
      await this.#broadcasts.end(pushing)
      log.event('files.stream.ended', { stream: pushing.id, ...pushed })
      return pushed
    } catch (error) {
      // it stays live for as long as the encoder may come back
      log.event('files.stream.lost', { error, stream: pushing.id }, 'warn')
      throw isGone(error) ? missing(pushing.place) : error
    }
  }

  #stay(pushing: Pushing, heardAt: number): void {
    this.#broadcasts.stay(pushing, heardAt).catch((error: unknown) => {
      this.#options.log.event('files.stream.not-kept', { error, stream: pushing.id }, 'warn')
    })
  }

  #lookLater(): void {
    const { clock, log } = this.#options
    this.#stopLooking = clock.after(lookEvery, () => this.#lookLater())
    this.#looking = this.#looking
      .then(() => this.look())
      .catch((error: unknown) => log.event('files.streams.look.failed', { error }, 'error'))
  }
}

/** Why a push is cut off whose stream is no more its own. */
function reasonOf(place: Place, before: unknown, after: unknown): Error {
  if (after === undefined) return missing(place)
  // it moves on together with the loss of its push only when its time has come
  return before === after ? taken() : silent()
}

function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

function wrongKey() {
  return filesError(
    'TAPRI_FILES_STREAM_KEY',
    'Cannot take the stream: the URL is not the one that was given last; ask for a new one',
  )
}

function stopping() {
  return filesError('TAPRI_FILES_BUSY', 'Cannot take the stream here: the server stops; send it again', {
    facts: { retryAfter: 1 },
  })
}

function busy(atOnce: number) {
  return filesError('TAPRI_FILES_BUSY', `Cannot take the stream now: ${atOnce} others are sent to this server; try again later`, {
    facts: { retryAfter: 10 },
  })
}
