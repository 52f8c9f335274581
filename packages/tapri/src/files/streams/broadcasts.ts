import { Readable } from 'node:stream'
import type { Database } from '../../data/index.ts'
import type { Clock } from '../../kit/clock.ts'
import { TapriError } from '../../kit/errors.ts'
import { newId } from '../../kit/ids.ts'
import { filesError } from '../errors.ts'
import { type FileDb, fileDb, idOf } from '../file-db.ts'
import { playlistType } from '../media/encode.ts'
import type { Place } from '../media/row-media.ts'
import type { Renditions } from '../renditions.ts'
import { shownStream, showStream } from './live-row.ts'
import { emptyWindow, headName, moved, pieceName, type Window } from './window.ts'

interface BroadcastTools {
  readonly database: Database
  readonly renditions: Renditions
  readonly clock: Clock
}

/** Milliseconds without a piece after which a stream has ended: an encoder that lost its line goes on within them. */
const patience = 20_000
/** Milliseconds for which the end of a stream can still be seen. */
const ending = 60_000

/** What viewers are given of streams: rows that move together with those of the app, and pieces in the store. */
export class Broadcasts {
  readonly #tools: BroadcastTools
  readonly #db: FileDb

  constructor(tools: BroadcastTools) {
    this.#tools = tools
    this.#db = fileDb(tools.database.asSystem)
  }

  /** Gives the stream to a push whose sender has its key; whether it did. What others see of it waits for the first piece. */
  async take({ id, push }: Omit<Pushing, 'place'>, hash: string): Promise<boolean> {
    const expires = new Date(this.#tools.clock.now() + patience)
    // before it has the stream: an end that was near would come to the encoder that is just back
    await this.#db.tapri_streams.updateWhere({ ...shownStill(id), hash, expires: { lt: expires } }, { expires })
    // unless there is another key by now
    return (await this.#db.tapri_streams.updateWhere({ id: idOf(id), hash }, { push })) > 0
  }

  /** Gives the stream a file where it has none, and the push a head.
   * @throws TAPRI_FILES_STREAM_TAKEN, TAPRI_NOT_FOUND */
  async begin({ id, push, place }: Pushing, head: Buffer): Promise<void> {
    const { database, renditions, clock } = this.#tools
    const shown = await shownStream(database, place)
    const now = new Date(clock.now())
    const { file, pushes } = await database.asSystem.transaction(async (all) => {
      const tx = fileDb(all)
      const stream = await tx.tapri_streams.get(idOf(id))
      if (stream.push !== push) throw taken()
      const isContinued = stream.file !== null && stream.file === shown
      const window = isContinued ? windowOf(stream.window) : emptyWindow
      const key = newId()
      const file = isContinued
        ? await tx.tapri_files.get(idOf(stream.file ?? ''))
        : await tx.tapri_files.create(newFile(key, now, clock))
      const media = { state: 'live', since: file.at.toISOString() } as const
      await showStream({ asSystem: all }, place, { id: file.id, key: file.key, media })
      const expires = new Date(clock.now() + patience)
      const next = { ...window, pushes: window.pushes + 1 }
      await tx.tapri_streams.update(stream.id, { file: file.id, state: 'live', expires, window: next })
      return { file: file.id, pushes: next.pushes }
    })
    await renditions.keep(file, { name: headName(pushes - 1), type: 'video/mp4' }, Readable.from([head]))
  }

  /** Adds a piece, and removes what nobody can ask for any more.
   * @throws TAPRI_FILES_STREAM_TAKEN */
  async add({ id, push }: Pushing, bytes: Buffer, duration: number): Promise<void> {
    const { database, renditions, clock } = this.#tools
    const { file, push: current, window } = await this.#db.tapri_streams.get(idOf(id))
    if (current !== push || file === null) throw taken()
    const { next: at, pushes } = windowOf(window)
    await renditions.keep(file, { name: pieceName({ push: pushes - 1, at }), type: 'video/iso.segment' }, Readable.from([bytes]))
    const gone = await database.asSystem.transaction(async (all) => {
      const tx = fileDb(all)
      const stream = await tx.tapri_streams.get(idOf(id))
      if (stream.push !== push) throw taken()
      const next = moved(windowOf(stream.window), duration)
      const expires = new Date(clock.now() + patience)
      await tx.tapri_streams.update(stream.id, { window: next.window, expires })
      return next.gone
    })
    for (const name of gone) await renditions.remove(file, name)
  }

  /** Puts the end of a stream off that has no piece to add yet, although its sender was there at that moment. */
  async stay({ id, push }: Pushing, heardAt: number): Promise<void> {
    const expires = new Date(heardAt + patience)
    await this.#db.tapri_streams.updateWhere({ ...shownStill(id), push, expires: { lt: expires } }, { expires })
  }

  /** Ends the stream of a push that has come to its end. */
  async end({ id, push }: Pushing): Promise<void> {
    await this.#finish(id, (stream) => stream.push === push && stream.state === 'live')
  }

  /** Moves on a stream whose time has come: to its end, and from there to nothing. */
  async expire(id: string): Promise<void> {
    const { database, clock } = this.#tools
    const isDue = (stream: StreamRow) => (stream.expires?.getTime() ?? 0) <= clock.now()
    if (await this.#finish(id, (stream) => stream.state === 'live' && isDue(stream))) return
    await database.asSystem.transaction(async (all) => {
      const tx = fileDb(all)
      const stream = await tx.tapri_streams.first({ where: { id: idOf(id) } })
      if (stream === null || stream.state !== 'ended' || !isDue(stream)) return
      const shown = await streamOrGone(database, all, placeOf(stream))
      if (shown === undefined) await tx.tapri_streams.delete(stream.id)
      else {
        // without its row the file goes, and with it every piece
        if (shown === stream.file) await showStream({ asSystem: all }, placeOf(stream), null)
        await tx.tapri_streams.update(stream.id, { state: 'off', file: null, push: null, expires: null, window: emptyWindow })
      }
    })
  }

  /** Marks a stream as ended if it is as asked; whether it was. */
  #finish(id: string, isAsked: (stream: StreamRow) => boolean): Promise<boolean> {
    const { database, clock } = this.#tools
    return database.asSystem.transaction(async (all) => {
      const tx = fileDb(all)
      const stream = await tx.tapri_streams.first({ where: { id: idOf(id) } })
      if (stream === null || !isAsked(stream)) return false
      const place = placeOf(stream)
      const shown = await streamOrGone(database, all, place)
      const file = typeof shown === 'string' && shown === stream.file ? await tx.tapri_files.get(idOf(shown)) : null
      if (file !== null) {
        const media = { state: 'ended', since: file.at.toISOString() } as const
        await showStream({ asSystem: all }, place, { id: file.id, key: file.key, media })
      }
      await tx.tapri_streams.update(stream.id, { state: 'ended', push: null, expires: new Date(clock.now() + ending) })
      return true
    })
  }
}

export interface Pushing {
  readonly id: string
  readonly push: string
  readonly place: Place
}

type StreamRow = NonNullable<Awaited<ReturnType<FileDb['tapri_streams']['first']>>>

/** A stream that has a time at which it is moved on: one that is live, or has ended and can be gone on with. */
function shownStill(id: string) {
  return { id: idOf<'tapri_streams'>(id), not: { state: 'off' } } as const
}

export function placeOf({ model, row, field }: Place): Place {
  return { model, row, field }
}

// Only this file writes the column.
function windowOf(window: unknown): Window {
  return window as Window
}

/** What the row shows within a transaction; undefined when the row, or its field, is there no more. */
async function streamOrGone(
  database: Database,
  asSystem: Database['asSystem'],
  place: Place,
): Promise<string | null | undefined> {
  try {
    return await shownStream({ models: database.models, asSystem }, place)
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

export function isGone(error: unknown): boolean {
  return error instanceof TapriError && (error.code === 'TAPRI_NOT_FOUND' || error.code === 'TAPRI_DATA_NO_SUCH_ROW')
}

function newFile(key: string, at: Date, clock: Clock) {
  // a row takes it in the same transaction
  return { key, name: 'live', type: playlistType, state: 'pending', at, expires: new Date(clock.now() + ending) } as const
}

export function taken() {
  return filesError(
    'TAPRI_FILES_STREAM_TAKEN',
    'Cannot take more of this stream: another push has taken it over, or its key was renewed',
  )
}
