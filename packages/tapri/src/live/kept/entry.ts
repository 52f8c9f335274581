import type { Change, Model } from '../../data/index.ts'
import { type Listed, put, takeOut } from '../../kit/lists.ts'
import type { Answer } from './answers.ts'
import type { Figures } from './figures.ts'
import type { Question } from './questions.ts'

/** Somebody who holds an entry. */
export interface Use extends Listed {
  /** Whether a change that alters the kept answer alters what was made of it. */
  concerns(change: Change): boolean
  /** `isExact`: the kept answer was brought up to date. */
  touch(isExact: boolean): void
}

/**
 * One question, its holders, and its answer: none, `provisional` while it was read for a run of which nobody has said yet
 * that it is exactly as of the last commit, or proven, and kept up to date then.
 */
export class Entry<A extends Answer = Answer> {
  readonly question: Question<A>
  #uses: Use[] | undefined
  readonly #figures: Figures
  #answer: A | undefined
  #isProven = false
  #flight: Promise<A> | undefined
  #size = 0
  #wasShort = false
  #isGone = false

  constructor(question: Question<A>, figures: Figures) {
    this.question = question
    this.#figures = figures
  }

  get isUsed(): boolean {
    return this.#uses !== undefined
  }

  get answer(): A | undefined {
    return this.#answer
  }

  get isProven(): boolean {
    return this.#isProven
  }

  hold(use: Use): void {
    this.#uses = put(this.#uses, use)
  }

  /** A use that holds it does so no more. */
  letGo(use: Use): void {
    if (this.#uses !== undefined) this.#uses = takeOut(this.#uses, use)
  }

  /** Asks, or waits for whoever has asked already, since no commit came between. */
  async fetch(ask: () => Promise<A>): Promise<A> {
    while (this.#flight !== undefined) {
      try {
        const answer = await this.#flight
        this.#figures.hits++
        return answer
      } catch {
        // who asked may have left, which ended the read; it is asked anew for this one
      }
    }
    this.#figures.misses++
    if (this.#wasShort) this.#figures.refills++
    this.#wasShort = false
    return this.#fly(ask())
  }

  /** Says of the answer, if it is still the one, that it is exactly as of the last commit. */
  prove(answer: Answer): void {
    if (this.#answer === answer) this.#isProven = true
  }

  /** Takes in a change of a row that has a say, and tells those who hold the answer. */
  onChange(change: Change): void {
    const isWhole = change.model === this.question.model.name && hasWholeImages(this.question.model, change)
    // of what is not proven nobody knows whether it was read before the change or after it
    const outcome = isWhole && this.#isProven ? (this.#answer?.take(change) ?? 'lost') : 'lost'
    if (outcome === 'same') return
    if (outcome === 'changed') this.#count()
    else this.#drop()
    this.#wasShort ||= outcome === 'short'
    for (const use of this.#uses ?? []) if (!isWhole || use.concerns(change)) use.touch(outcome === 'changed')
  }

  /** Anything may have changed. */
  lose(): void {
    this.#drop()
    for (const use of this.#uses ?? []) use.touch(false)
  }

  /** Nobody holds it any more. */
  end(): void {
    this.#isGone = true
    this.#drop()
  }

  /** The next who asks asks the database. */
  #drop(): void {
    this.#flight = undefined
    this.#answer = undefined
    this.#isProven = false
    this.#count()
  }

  async #fly(flight: Promise<A>): Promise<A> {
    this.#flight = flight
    try {
      const answer = await flight
      // a commit that came between has put an end to it
      if (this.#flight === flight) this.#hold(answer)
      return answer
    } finally {
      if (this.#flight === flight) this.#flight = undefined
    }
  }

  #hold(answer: A): void {
    if (this.#isGone || this.#figures.rows + sizeOf(answer) > this.#figures.mostRows) return
    this.#answer = answer
    this.#isProven = false
    this.#count()
  }

  #count(): void {
    const size = this.#answer === undefined ? 0 : sizeOf(this.#answer)
    this.#figures.rows += size - this.#size
    this.#size = size
  }
}

/** That there are no rows takes its place too. */
function sizeOf({ size }: Answer): number {
  return Math.max(1, size)
}

/** A node that runs another version of the app may not know every column; raw writes tell of no rows at all. */
function hasWholeImages({ columns }: Model, { before, after }: Change): boolean {
  if (before === null && after === null) return false
  return [before, after].every((image) => image === null || columns.every(({ name }) => name in image))
}
