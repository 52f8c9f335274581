import { type Change, Interests, type Unindexed } from '../../data/index.ts'
import type { Answer, KeptCount, KeptGroups, KeptRow, RowsAnswer } from './answers.ts'
import { Entry, type Use } from './entry.ts'
import type { Figures } from './figures.ts'
import type { Question } from './questions.ts'

export interface EntriesOptions {
  readonly mostRows: number
  readonly hearsOthers: boolean
  readonly onMany: ((unindexed: Unindexed) => void) | undefined
}

/** Every entry that somebody holds, by the kind of its answer. */
export class Entries {
  /** Whether writes of other programs are told of too. */
  readonly hearsOthers: boolean
  readonly figures: Figures
  readonly rows: Shelf<KeptRow>
  readonly selects: Shelf<RowsAnswer>
  readonly counts: Shelf<KeptCount>
  readonly groups: Shelf<KeptGroups>
  readonly #interests: Interests<Entry>

  constructor({ mostRows, hearsOthers, onMany }: EntriesOptions) {
    this.#interests = new Interests(onMany)
    this.hearsOthers = hearsOthers
    this.figures = { rows: 0, entries: 0, hits: 0, misses: 0, refills: 0, mostRows }
    this.rows = new Shelf(this.figures, this.#interests)
    this.selects = new Shelf(this.figures, this.#interests)
    this.counts = new Shelf(this.figures, this.#interests)
    this.groups = new Shelf(this.figures, this.#interests)
  }

  get unindexed(): readonly Unindexed[] {
    return this.#interests.unindexed
  }

  onChange(change: Change): void {
    for (const entry of this.#interests.touched(change)) entry.onChange(change)
  }

  /** Every answer is lost. */
  reset(): void {
    for (const shelf of [this.rows, this.selects, this.counts, this.groups]) shelf.reset()
  }
}

/** Entries of one kind, by their questions. */
export class Shelf<A extends Answer> {
  readonly #figures: Figures
  readonly #interests: Interests<Entry>
  readonly #entries = new Map<string, Entry<A>>()
  readonly #ends = new Map<Entry<A>, readonly (() => void)[]>()

  constructor(figures: Figures, interests: Interests<Entry>) {
    this.#figures = figures
    this.#interests = interests
  }

  /** The entry for a question, held for this use from now on. */
  hold(question: Question<A>, use: Use): Entry<A> {
    const entry = this.#entries.get(question.key) ?? this.#open(question)
    entry.hold(use)
    return entry
  }

  /** The use holds it no more, as it did until now. */
  letGo(entry: Entry<A>, use: Use): void {
    entry.letGo(use)
    if (entry.isUsed) return
    for (const end of this.#ends.get(entry) ?? []) end()
    this.#ends.delete(entry)
    this.#entries.delete(entry.question.key)
    this.#figures.entries--
    entry.end()
  }

  reset(): void {
    for (const entry of this.#entries.values()) entry.lose()
  }

  #open(question: Question<A>): Entry<A> {
    const entry = new Entry(question, this.#figures)
    this.#entries.set(question.key, entry)
    const ends = question.reads().map((read) => this.#interests.add(read, entry))
    this.#ends.set(entry, ends)
    this.#figures.entries++
    return entry
  }
}
