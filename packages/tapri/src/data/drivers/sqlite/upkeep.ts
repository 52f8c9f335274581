import { statSync } from 'node:fs'
import type { Surroundings } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import type { Connection } from './connection.ts'

interface UpkeepOptions extends Surroundings {
  readonly path: string
  /** What `inodeOf` told before the file was opened. */
  readonly inode: bigint | undefined
  /** The connection that writes. */
  readonly writer: Connection
  /** Bytes of the log, 256 MB unless told, that make it worth to keep readers waiting for a moment. */
  readonly largestLog?: number
  /** Runs the work while no worker reads. */
  readonly quietly: (work: () => void) => Promise<void>
}

const lookEvery = 5000
const day = 24 * 3_600_000
/** By itself SQLite starts its log anew when nobody reads; a log this large says that somebody always did. */
const usualLargestLog = 256 * 1024 ** 2
/** Also the tables that have grown since they were analysed; SQLite bounds how much of each it looks at. */
const optimize = 'PRAGMA optimize = 0x10002'

/** Looks after one database file while the app runs. */
export class Upkeep {
  readonly #options: UpkeepOptions
  readonly #inode: bigint | undefined
  #trouble: string | undefined
  #optimizeAt: number
  #cancel: () => void

  constructor(options: UpkeepOptions) {
    this.#options = options
    this.#inode = options.inode ?? inodeOf(options.path)
    // another one may have been put there while it was opened
    this.look()
    this.#optimizeAt = options.clock.now() + day
    this.#cancel = options.clock.after(lookEvery, () => this.#work())
  }

  /** @throws TAPRI_DATA_STORAGE when the file was gone, or another one, at the last look */
  requireFile(): void {
    if (this.#trouble === undefined) return
    throw dataError('TAPRI_DATA_STORAGE', `Cannot use the database "${this.#options.path}": ${this.#trouble}`)
  }

  /** SQLite would go on writing into a file that nobody can open any more. */
  look(): string | undefined {
    const before = this.#trouble
    const inode = inodeOf(this.#options.path)
    this.#trouble = inode === this.#inode ? undefined : inode === undefined ? gone : another
    if (this.#trouble !== undefined && before === undefined) {
      this.#options.fail(dataError('TAPRI_DATA_STORAGE', `Cannot use the database "${this.#options.path}": ${this.#trouble}`))
    }
    return this.#trouble
  }

  close(): void {
    this.#cancel()
  }

  #work(): void {
    const { clock, writer, largestLog = usualLargestLog } = this.#options
    this.#cancel = clock.after(lookEvery, () => this.#work())
    try {
      if (this.look() !== undefined || writer.isInTransaction) return
      if (clock.now() >= this.#optimizeAt) this.#optimize()
      if (sizeOf(`${this.#options.path}-wal`) > largestLog) void this.#shortenLog()
    } catch (error) {
      this.#options.fail(error)
    }
  }

  #optimize(): void {
    this.#optimizeAt = this.#options.clock.now() + day
    this.#options.writer.run(optimize)
  }

  async #shortenLog(): Promise<void> {
    const { writer, quietly, fail } = this.#options
    try {
      await quietly(() => {
        if (!writer.isInTransaction) writer.shortenLog()
      })
    } catch (error) {
      fail(error)
    }
  }
}

const gone = 'its file was removed while the app runs; put it back, or restore a backup and start the app again'
const another = 'another file was put in its place while the app runs; start the app again'

/** Which file a path names; undefined when there is none. */
export function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
