import type { Change, Commit, Unindexed } from '../../data/index.ts'
import { Entries } from './entries.ts'
import type { Figures } from './figures.ts'
import { type Recording, Run } from './recording.ts'

/** What a node keeps in memory of what its live queries read. */
const mostRowsKept = 200_000
/** So many changes of one model in one commit are read anew rather than taken in one by one. */
const mostChanges = 1000

export interface KeptReadsOptions {
  readonly mostRows?: number
  /** Whether the log tells of writes of other programs too. */
  readonly hearsOthers?: boolean
  /** Called when there come to be many reads of one form that no index finds. */
  readonly onMany?: (unindexed: Unindexed) => void
}

/**
 * Everything that live queries have read, once each, kept up to date by the log: rows by id, counts, and the first rows of
 * an order; of other reads the answer is kept until a change touches it. A read is kept as long as a run of it is held.
 * @example
 * const recording = kept.begin()
 * const rows = await database.asCaller(caller, { reader: (own) => recording.reader(own) }).videos.find()
 * const hold = recording.keep((isExact) => runAgain(isExact))
 */
export class KeptReads {
  readonly #entries: Entries
  readonly #touched = new Set<Run>()

  constructor({ mostRows = mostRowsKept, hearsOthers = false, onMany }: KeptReadsOptions = {}) {
    this.#entries = new Entries({ mostRows, hearsOthers, onMany })
  }

  /** For one run of a handler; what it answers is as of the last commit that was taken in, or newer where it asks the database. */
  begin(): Recording {
    return new Run(this.#entries, this.#touched)
  }

  /** Takes in each announced commit, in their order, and tells the runs whose answers it changes. */
  onCommit({ changes }: Commit): void {
    for (const change of fewer(changes)) this.#entries.onChange(change)
    this.#tell()
  }

  /** Forgets every answer, and tells all runs: for a log that does not reach back to the last commit that was taken in. */
  reset(): void {
    this.#entries.reset()
    this.#tell()
  }

  /** Reads that no index finds, by the forms of their conditions. */
  get unindexed(): readonly Unindexed[] {
    return this.#entries.unindexed
  }

  get figures(): Readonly<Figures> {
    return this.#entries.figures
  }

  #tell(): void {
    const touched = [...this.#touched]
    this.#touched.clear()
    for (const run of touched) run.tell()
  }
}

/** Of a model with very many changes: that anything in it may have changed. */
function fewer(changes: readonly Change[]): readonly Change[] {
  if (changes.length <= mostChanges) return changes
  const counts = new Map<string, number>()
  for (const { model } of changes) counts.set(model, (counts.get(model) ?? 0) + 1)
  const many = new Set([...counts.keys()].filter((model) => (counts.get(model) ?? 0) > mostChanges))
  const rest = changes.filter(({ model }) => !many.has(model))
  return [...rest, ...Array.from(many, (model) => ({ model, id: '', before: null, after: null }))]
}
