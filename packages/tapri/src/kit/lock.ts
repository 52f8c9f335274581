/**
 * Lets one piece of work run at a time, in the order of asking.
 * @example const lock = new Lock(); await lock.run(() => appendLine(path))
 */
export class Lock {
  #last: Promise<unknown> = Promise.resolve()

  run<T>(work: () => Promise<T> | T): Promise<T> {
    const turn = this.#last.then(work)
    // the next in line waits for the end of this work, however it ends
    this.#last = turn.then(ignore, ignore)
    return turn
  }
}

/**
 * Lets at most `count` pieces of work run at a time, in the order of asking.
 * @example const slots = new Slots(4); await slots.run(() => hash(password))
 */
export class Slots {
  readonly #count: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(count: number) {
    this.#count = count
  }

  /** How many have asked and not begun. */
  get waiting(): number {
    return this.#waiting.length
  }

  async run<T>(work: () => Promise<T> | T): Promise<T> {
    // a slot is handed over, never freed and fought for, so that the order of asking holds
    if (this.#running >= this.#count) await new Promise<void>((begin) => this.#waiting.push(begin))
    else this.#running++
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }
}

function ignore(): void {}
