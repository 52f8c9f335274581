import { type FSWatcher, watch } from 'node:fs'
import type { Clock } from '../../../kit/clock.ts'
import type { Capture, Outside, OutsidePart } from '../../capture/capture.ts'
import type { Model } from '../../catalog.ts'
import type { Raw } from '../../driver.ts'
import { Notes, placeOf } from './capture-notes.ts'
import { dropNotes, makeNotes } from './capture-triggers.ts'
import type { Connection } from './connection.ts'

interface CaptureOptions {
  readonly isOn: boolean
  readonly path: string
  readonly writer: Connection
  /** Reads what is committed. */
  readonly reader: Connection
  readonly clock: Clock
}

/** What other programs write to the file: triggers note it, https://sqlite.org/lang_createtrigger.html */
export class SqliteCapture implements Capture {
  readonly isOn: boolean
  readonly #options: CaptureOptions

  constructor(options: CaptureOptions) {
    this.isOn = options.isOn
    this.#options = options
  }

  async prepare(models: readonly Model[]): Promise<readonly string[]> {
    makeNotes(this.#options.writer, models)
    return []
  }

  /** Whoever takes the notes deletes them, so any process may. */
  async open(models: readonly Model[]): Promise<Outside> {
    return new NotedOutside(this.#options, models)
  }

  async remove(): Promise<void> {
    dropNotes(this.#options.writer)
  }
}

/** So often, in milliseconds, it is asked whether another connection has committed; mostly the system tells before. */
const askEvery = 1000
/** The system tells of what is written; it is committed when the disk has it, a little later. */
const askSoon = 5
const askLater = 100

class NotedOutside implements Outside {
  readonly #options: CaptureOptions
  readonly #notes: Notes
  readonly #watcher: FSWatcher | undefined
  #hasMoved = false
  #cancelSoon: (() => void) | undefined
  #cancelLater: (() => void) | undefined
  #version: unknown
  #isClosed = false
  #wake: () => void = () => {}

  constructor(options: CaptureOptions, models: readonly Model[]) {
    this.#options = options
    this.#notes = new Notes(options.reader, models)
    this.#watcher = watchQuietly(`${options.path}-wal`, () => this.#askSoon())
  }

  async next(): Promise<OutsidePart | undefined> {
    while (!this.#isClosed) {
      const part = this.#look()
      if (part !== undefined) return part
      await this.#change()
    }
    return undefined
  }

  /** Notes that are gone were taken by another process. */
  async keep(raw: Raw, place: string): Promise<boolean> {
    if (raw.kind !== 'sqlite') return false
    const { last, count } = placeOf(place)
    const answer = await raw.run({ sql: 'DELETE FROM tapri_outside WHERE id <= ?', parameters: [last] })
    return answer.changed === count
  }

  settled(): void {}

  async close(): Promise<void> {
    this.#isClosed = true
    this.#watcher?.close()
    this.#cancelSoon?.()
    this.#cancelLater?.()
    this.#wake()
  }

  /** `data_version` differs when another connection has committed: https://sqlite.org/pragma.html#pragma_data_version */
  #look(): OutsidePart | undefined {
    const version = this.#options.writer.value('PRAGMA data_version')
    if (version === this.#version) return undefined
    const part = this.#notes.read()
    // what was noted while it was read is looked for again
    if (part === undefined) this.#version = version
    return part
  }

  /** However much is written, it asks so often and no more. */
  #askSoon(): void {
    this.#hasMoved = true
    this.#cancelSoon ??= this.#options.clock.after(askSoon, () => {
      this.#cancelSoon = undefined
      this.#wake()
    })
    if (this.#cancelLater === undefined) this.#askLater()
  }

  #askLater(): void {
    this.#hasMoved = false
    this.#cancelLater = this.#options.clock.after(askLater, () => {
      this.#cancelLater = undefined
      this.#wake()
      // what moved last may not have been committed
      if (this.#hasMoved) this.#askLater()
    })
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(askEvery, resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }
}

/** Where the system cannot tell of changes of a file, there is the clock. */
function watchQuietly(path: string, call: () => void): FSWatcher | undefined {
  try {
    return watch(path, { persistent: false }, call).on('error', () => {})
  } catch {
    return undefined
  }
}
