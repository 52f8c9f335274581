import type { TapriError } from '../../../kit/errors.ts'
import { dataError } from '../../errors.ts'
import { isUnreachable, mayPass } from './failure.ts'
import { type Frame, Unit } from './frame.ts'
import type { Server } from './server.ts'
import type { Begun } from './turn.ts'

/** So that those who came first are not kept for long by those who come on and on. */
const mostMembers = 200
const longestMilliseconds = 25

/**
 * Transactions of the data room one after another in one of the server's: what a commit costs, until most members of the
 * replica set have it on their disks, is paid once for all of them. None is told that it is committed before.
 */
export class Batch {
  readonly #unit: Unit
  readonly #done = Promise.withResolvers<void>()
  readonly #now: () => number
  readonly #since: number
  #members = 0
  #isAtWork = false
  #isEnded = false
  #hasWritten = false
  /** What the last member still has to take back. */
  #undone: Promise<unknown> = Promise.resolve()

  constructor(server: Server, begun: Begun, now = () => performance.now()) {
    this.#now = now
    this.#since = now()
    this.#unit = new Unit(server, begun)
    // who waits for it is told; when nobody does, nobody lost anything
    this.#done.promise.catch(() => {})
  }

  /** Ends when its COMMIT has, however that ends. */
  get ended(): Promise<void> {
    return this.#done.promise.catch(() => {})
  }

  /** Begins the next one, when those before it have ended; undefined when there is no place any more. */
  async join(): Promise<Frame | undefined> {
    await this.#undone.catch(() => {})
    if (this.#isEnded) return undefined
    this.#isAtWork = true
    const start = this.#unit.entries
    return {
      isShared: true,
      session: this.#unit.session,
      writes: this.#unit.writes,
      append: (at, changes) => this.#unit.append(at, changes),
      trim: (trim) => this.#unit.trim(trim),
      commit: (hasWritten) => this.#commit(hasWritten),
      rollback: (undo) => this.#rollback(start, undo),
      lose: (error) => this.#fail(error),
    }
  }

  #commit(hasWritten: boolean): Promise<void> {
    this.#members++
    this.#hasWritten ||= hasWritten
    this.#leave()
    return this.#done.promise
  }

  /** What failed may have failed for what another one wrote before it, so it ends with that. */
  async #rollback(start: number, undo: (() => Promise<void>) | undefined): Promise<void> {
    if (this.#isEnded || undo === undefined) return this.#done.promise
    this.#unit.cut(start)
    // when it cannot be taken back, the transaction is lost, and everybody hears of that at its end
    this.#undone = undo()
    this.#undone.catch(() => {})
    this.#leave()
    if (this.#members > 0) await this.#done.promise
  }

  #leave(): void {
    this.#isAtWork = false
    const isFull = this.#members >= mostMembers || this.#now() - this.#since > longestMilliseconds
    // whoever waits in line has begun by then
    const endUnlessAtWork = () => {
      if (!this.#isAtWork) this.#end()
    }
    if (isFull) this.#end()
    else setImmediate(endUnlessAtWork)
  }

  #end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    const isEmpty = !this.#hasWritten && this.#unit.entries === 0
    const ending = this.#undone.then(() => (isEmpty ? this.#unit.rollback() : this.#unit.commit()))
    ending.then(this.#done.resolve, (error) => this.#giveUp(error))
  }

  #fail(error: unknown): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#giveUp(error)
  }

  #giveUp(error: unknown): void {
    const told = this.#members === 0 || isUnreachable(error) || mayPass(error) ? error : anothers(error)
    const tell = () => this.#done.reject(told)
    this.#unit.rollback().then(tell, tell)
  }
}

/** Each is then run again by itself, and the one that was wrong fails alone. */
function anothers(cause: unknown): TapriError {
  return dataError('TAPRI_DATA_CONFLICT', 'Cannot commit: another write of the same moment could not be committed', { cause })
}
