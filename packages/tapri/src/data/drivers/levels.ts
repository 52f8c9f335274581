interface Level {
  readonly name: string
  /** How many of the writes that are held came before it. */
  start: number
  isMade: boolean
}

/** What is to be sent, in this order: a savepoint by its name, or writes. */
export type Due<W> = { readonly savepoint: string } | { readonly writes: readonly W[] }

/**
 * The savepoints of a transaction, and the writes that wait to go with what comes next. A savepoint is made only when
 * something is sent that may have to be undone by it: what is held is undone by forgetting it.
 */
export class Levels<W> {
  readonly #levels: Level[] = []
  #held: W[] = []

  get depth(): number {
    return this.#levels.length
  }

  get areHeld(): boolean {
    return this.#held.length > 0
  }

  /** The savepoint of the innermost level, if one was made. */
  get made(): string | undefined {
    const level = this.#levels.at(-1)
    return level?.isMade === true ? level.name : undefined
  }

  hold(write: W): void {
    this.#held.push(write)
  }

  enter(): void {
    this.#levels.push({ name: `s${this.#levels.length + 1}`, start: this.#held.length, isMade: false })
  }

  /** Ends the innermost level. What it holds belongs to the one around it. */
  leave(): void {
    this.#levels.pop()
  }

  /** Forgets what the innermost level holds. */
  forget(): void {
    const level = this.#levels.at(-1)
    if (level !== undefined) this.#held.length = Math.min(this.#held.length, level.start)
  }

  /** Takes what is held; with `isRisky` what is sent next may have to be undone by itself. */
  take({ isRisky }: { readonly isRisky: boolean }): readonly Due<W>[] {
    const held = this.#held
    const due: Due<W>[] = []
    let sent = 0
    const send = (end: number) => {
      if (end > sent) due.push({ writes: held.slice(sent, end) })
      sent = end
    }
    for (const level of this.#levels) {
      if (level.isMade || !(isRisky || held.length > level.start)) continue
      send(level.start)
      due.push({ savepoint: level.name })
      level.isMade = true
    }
    send(held.length)
    this.#held = []
    for (const level of this.#levels) level.start = 0
    return due
  }
}
