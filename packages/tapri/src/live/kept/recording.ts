import { type Commit, type Reader, ReadSet } from '../../data/index.ts'
import { touches } from '../touches.ts'
import type { Answer } from './answers.ts'
import type { Entries, Shelf } from './entries.ts'
import type { Entry, Use } from './entry.ts'
import type { Question } from './questions.ts'
import { KeptReader } from './reader.ts'

/** Ends the hold of a run on what it read. */
export interface Hold {
  release(): void
}

/** What one run of a handler reads. */
export interface Recording {
  /** The reader of the run: it answers from what is kept, and asks its own for the rest. */
  reader(own: Reader): Reader
  /** Whether anything that was read has not been proven to be exactly as of the last commit: see `keep`. */
  readonly askedDatabase: boolean
  /** Whether the database was asked in its own language. What that read is not kept, and `keep` does not tell of it. */
  readonly readRaw: boolean
  /** Whether a commit that has not been announced may change what was read. */
  touchedBy(commit: Commit): boolean
  /**
   * Holds what was read, and calls once for each commit that changes an answer of it, `isExact` when all were brought up to
   * date: a run that reads the same asks nothing of the database. Undefined when an announced commit has changed one
   * already: the run is torn.
   *
   * Who asked the database must have seen first, after the run, that no commit since the last one that was announced when the
   * recording began, announced or not, may change what was read (`changes.since`, `touchedBy`), and wait for nothing
   * between that and this: a database may show a commit before the log announces it, and what is kept is of before.
   */
  keep(onTouched: (isExact: boolean) => void): Hold | undefined
  /** Instead of `keep`: the run was torn, or has failed. */
  forget(): void
}

interface Used {
  readonly entry: Entry
  readonly answer: Answer
}

interface Held {
  readonly entry: Entry
  end(): void
}

/** A run's use of one entry. */
class Holding<A extends Answer> implements Use, Held {
  at = 0
  readonly entry: Entry<A>
  readonly concerns: Use['concerns']
  readonly #run: Run
  readonly #shelf: Shelf<A>

  constructor(run: Run, shelf: Shelf<A>, { question, concerns }: { question: Question<A>; concerns: Use['concerns'] }) {
    this.#run = run
    this.#shelf = shelf
    this.concerns = concerns
    this.entry = shelf.hold(question, this)
  }

  touch(isExact: boolean): void {
    this.#run.touch(isExact)
  }

  end(): void {
    this.#shelf.letGo(this.entry, this)
  }
}

/** One run, and what it holds. */
export class Run implements Recording, Hold {
  readonly #entries: Entries
  /** Runs that the commit which is being taken in has touched. */
  readonly #touched: Set<Run>
  /** Made with the first, since there is mostly one. */
  #held: Held[] | undefined
  #provisional: Used[] | undefined
  #onTouched: ((isExact: boolean) => void) | undefined
  #isTorn = false
  #isExact = true
  #isOver = false
  #isForgotten = false
  #asked = false
  #raw = false

  constructor(entries: Entries, touched: Set<Run>) {
    this.#entries = entries
    this.#touched = touched
  }

  get askedDatabase(): boolean {
    return this.#asked
  }

  get readRaw(): boolean {
    return this.#raw
  }

  reader(own: Reader): Reader {
    // what a handler leaves behind reads on when its run is over
    return this.#isOver ? own : new KeptReader(this, this.#entries, own)
  }

  touchedBy(commit: Commit): boolean {
    const reads = new ReadSet()
    for (const { entry } of this.#held ?? []) for (const read of entry.question.reads()) reads.add(read)
    return touches(commit, reads)
  }

  keep(onTouched: (isExact: boolean) => void): Hold | undefined {
    if (this.#isTorn || this.#isOver) {
      this.forget()
      return undefined
    }
    for (const { entry, answer } of this.#provisional ?? []) entry.prove(answer)
    this.#provisional = undefined
    this.#onTouched = onTouched
    this.#isOver = true
    return this
  }

  forget(): void {
    this.#isOver = true
    this.#isForgotten = true
    this.#onTouched = undefined
    const held = this.#held ?? []
    this.#held = undefined
    for (const each of held) each.end()
  }

  release(): void {
    this.forget()
  }

  /** Something that it read has changed. */
  touch(isExact: boolean): void {
    if (!this.#touched.has(this)) this.#isExact = true
    this.#touched.add(this)
    this.#isExact &&= isExact
    this.#isTorn = true
  }

  tell(): void {
    this.#onTouched?.(this.#isExact)
  }

  /** Of the database itself, in its own language. */
  sawRaw(): void {
    this.#asked = true
    this.#raw = true
  }

  /** Holds the entry of a question; `concerns` where not all that it answers is looked at. */
  hold<A extends Answer>(shelf: Shelf<A>, question: Question<A>, concerns: Use['concerns'] = always): Entry<A> {
    const held = new Holding(this, shelf, { question, concerns })
    // a read that had begun when its run was given up goes on, and is kept for nobody
    if (this.#isForgotten) held.end()
    else if (this.#held === undefined) this.#held = [held]
    else this.#held.push(held)
    return held.entry
  }

  /** The answer of an entry that is held. */
  async read<A extends Answer>(entry: Entry<A>, ask: () => Promise<A>): Promise<A> {
    const known = entry.answer
    if (known !== undefined) this.#entries.figures.hits++
    const isProven = known !== undefined && entry.isProven
    const answer = known ?? (await entry.fetch(ask))
    if (isProven) return answer
    this.#asked = true
    this.#provisional ??= []
    this.#provisional.push({ entry, answer })
    return answer
  }
}

function always(): boolean {
  return true
}
