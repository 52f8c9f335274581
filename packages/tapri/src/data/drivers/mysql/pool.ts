import { dataError } from '../../errors.ts'

/** What a pool keeps: something that may break by itself. */
export interface Pooled {
  readonly isBroken: boolean
  close(): void
}

interface Waiting<T> {
  readonly take: (member: T | Promise<T>) => void
  readonly fail: (error: unknown) => void
  readonly timer: NodeJS.Timeout
}

export interface PoolOptions<T> {
  readonly most: number
  /** Longer than this nobody waits for a member. */
  readonly timeout: number
  /** A member that nobody took for so long is closed. */
  readonly idle: number
  open(): Promise<T>
}

/** Opens members as they are needed, up to a number, and keeps them; those that broke make room for new ones. */
export class Pool<T extends Pooled> {
  readonly #options: PoolOptions<T>
  readonly #idle: { readonly member: T; readonly timer: NodeJS.Timeout }[] = []
  readonly #waiting: Waiting<T>[] = []
  readonly #ended: (() => void)[] = []
  #count = 0
  #isClosed = false

  constructor(options: PoolOptions<T>) {
    this.#options = options
  }

  /** The member, and whether it was used before: then it may have broken unseen. */
  async take(): Promise<{ readonly member: T; readonly isUsed: boolean }> {
    if (this.#isClosed) throw closed()
    for (let known = this.#idle.pop(); known !== undefined; known = this.#idle.pop()) {
      clearTimeout(known.timer)
      if (!known.member.isBroken) return { member: known.member, isUsed: true }
      this.#drop(known.member)
    }
    if (this.#count < this.#options.most) return { member: await this.#open(), isUsed: false }
    return { member: await this.#wait(), isUsed: true }
  }

  give(member: T): void {
    const next = member.isBroken || this.#isClosed ? undefined : this.#waiting.shift()
    if (next !== undefined) next.take(member)
    else if (member.isBroken || this.#isClosed) this.#drop(member)
    else this.#rest(member)
  }

  /** Ends when those who have a member have given it back. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const { fail } of this.#waiting.splice(0)) fail(closed())
    for (const { member, timer } of this.#idle.splice(0)) {
      clearTimeout(timer)
      this.#drop(member)
    }
    if (this.#count > 0) await new Promise<void>((resolve) => this.#ended.push(resolve))
  }

  #rest(member: T): void {
    const timer = setTimeout(() => {
      this.#idle.splice(
        this.#idle.findIndex((each) => each.member === member),
        1,
      )
      this.#drop(member)
    }, this.#options.idle)
    this.#idle.push({ member, timer: timer.unref() })
  }

  async #open(): Promise<T> {
    this.#count++
    try {
      const member = await this.#options.open()
      if (!this.#isClosed) return member
      member.close()
      throw closed()
    } catch (error) {
      this.#leave()
      throw error
    }
  }

  #drop(member: T): void {
    member.close()
    this.#leave()
  }

  /** There is room for one more; the next in line gets it. */
  #leave(): void {
    this.#count--
    if (this.#isClosed && this.#count === 0) for (const end of this.#ended) end()
    this.#waiting.shift()?.take(this.#open())
  }

  #wait(): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const { timeout } = this.#options
      const fail = (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      }
      const take = (member: T | Promise<T>) => {
        clearTimeout(timer)
        resolve(member)
      }
      const waiting: Waiting<T> = {
        take,
        fail,
        timer: setTimeout(() => {
          this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
          const why = `all ${this.#options.most} connections have been busy for ${timeout / 1000} s`
          reject(dataError('TAPRI_DATA_UNREACHABLE', `Cannot reach the database: ${why}, raise pool in its URL`))
        }, timeout),
      }
      const { timer } = waiting
      this.#waiting.push(waiting)
    })
  }
}

function closed() {
  return dataError('TAPRI_DATA_UNREACHABLE', 'Cannot reach the database: its connections have been closed')
}
