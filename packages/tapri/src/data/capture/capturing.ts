import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../../kit/clock.ts'
import { TapriError } from '../../kit/errors.ts'
import type { Model } from '../catalog.ts'
import type { Change } from '../changes.ts'
import type { OpenTransaction } from '../transaction.ts'
import type { Writer } from '../writer.ts'
import type { Capture, Outside, OutsidePart } from './capture.ts'
import { settledChanges, settleWords, Unseen } from './settle.ts'

interface CapturingOptions {
  readonly capture: Capture
  readonly models: readonly Model[]
  readonly writer: Writer
  readonly clock: Clock
  /** Whether a transaction that failed with this may pass when it is run again. */
  mayPass(error: unknown): boolean
  fail(error: unknown): void
}

/** So often, in milliseconds, it is looked whether the process that hears for all is still there. */
const askEvery = 2000
const longestPause = 30_000
/** It is asked for again then; nothing is lost meanwhile. */
const passing: ReadonlySet<string> = new Set([
  'TAPRI_DATA_UNREACHABLE',
  'TAPRI_DATA_BUSY',
  'TAPRI_DATA_CLOSED',
  'TAPRI_DATA_STORAGE',
])

interface Telling {
  readonly outside: Outside
  readonly part: OutsidePart
  /** Whether everything that it tells can be read for sure. */
  readonly isVisible: boolean
}

/** Another process has written this part to the log. */
class Overtaken extends Error {}

/** Writes to the change log what others have committed, as long as no other process does. */
export class Capturing {
  readonly #options: CapturingOptions
  readonly #working: Promise<void>
  #outside: Outside | undefined
  #failures = 0
  #isClosed = false
  #endPause: () => void = () => {}

  constructor(options: CapturingOptions) {
    this.#options = options
    // whoever opens the database, it does not write as a part of that
    this.#working = AsyncLocalStorage.snapshot()(() => this.#work())
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#endPause()
    await this.#outside?.close()
    await this.#working
  }

  async #work(): Promise<void> {
    while (!this.#isClosed) {
      try {
        this.#outside = await this.#options.capture.open(this.#options.models)
        if (this.#outside === undefined) this.#failures = 0
        else await this.#follow(this.#outside)
      } catch (error) {
        this.#lose(error)
      } finally {
        await this.#outside?.close()
        this.#outside = undefined
      }
      await this.#pause(Math.min(longestPause, askEvery * 2 ** Math.max(0, this.#failures - 1)))
    }
  }

  async #follow(outside: Outside): Promise<void> {
    while (!this.#isClosed) {
      const part = await outside.next()
      if (part === undefined) return
      await this.#record(outside, part)
      this.#failures = 0
    }
  }

  /** What cannot be told row by row is told all the same: otherwise all that comes later would wait behind it. */
  async #record(outside: Outside, part: OutsidePart): Promise<void> {
    try {
      await this.#tell(outside, part)
    } catch (error) {
      if (this.#isPassing(error)) throw error
      this.#options.fail(error)
      const models = new Set(part.changes.map(({ model }) => model))
      const changes = Array.from(models, (model) => ({ model, before: null, after: null }))
      await this.#tell(outside, { ...part, changes })
    }
    outside.settled(part.place)
  }

  async #tell(outside: Outside, part: OutsidePart): Promise<void> {
    const write = (isVisible: boolean) =>
      this.#options.writer.alone((transaction) => this.#write(transaction, { outside, part, isVisible }))
    try {
      await write(outside.visible === undefined)
    } catch (error) {
      if (!(error instanceof Unseen)) throw error
      await outside.visible?.(part.place)
      await write(true)
    }
  }

  async #write({ session, changes }: OpenTransaction, { outside, part, isVisible }: Telling): Promise<void> {
    const { changes: told, place } = part
    if ((await session.rawWrite?.((raw) => outside.keep(raw, place))) !== true) throw new Overtaken()
    const settled: readonly Change[] = await settledChanges(told, session, { isVisible })
    await settleWords(told, settled, session)
    changes.push(...settled)
  }

  #isPassing(error: unknown): boolean {
    if (error instanceof Overtaken || this.#options.mayPass(error)) return true
    return error instanceof TapriError && passing.has(error.code)
  }

  #lose(error: unknown): void {
    if (this.#isClosed || error instanceof Overtaken) return
    if (this.#failures++ === 0) this.#options.fail(error)
  }

  #pause(milliseconds: number): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(milliseconds, resolve)
      this.#endPause = () => {
        cancel()
        resolve()
      }
    })
  }
}
