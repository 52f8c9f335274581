import {
  byIds,
  type Change,
  type Condition,
  type Grouping,
  type Model,
  type Named,
  type Reader,
  type Select,
  type StoredRow,
} from '../../data/index.ts'
import { KeptRow } from './answers.ts'
import { Batch } from './batch.ts'
import { copyRow } from './copy.ts'
import type { Entries } from './entries.ts'
import { altersLookup, lookUp, lookupOf } from './lookup.ts'
import { countQuestion, groupsQuestion, rowQuestion, selectQuestion, windowOf } from './questions.ts'
import type { Run } from './recording.ts'
import { joined, type Split, splitOf } from './split.ts'

/** Reads for one run: what is kept, and through its own reader the rest. */
export class KeptReader implements Reader {
  readonly groups?: NonNullable<Reader['groups']>
  readonly raw?: NonNullable<Reader['raw']>
  readonly #run: Run
  readonly #entries: Entries
  readonly #own: Reader

  constructor(run: Run, entries: Entries, own: Reader) {
    this.#run = run
    this.#entries = entries
    this.#own = own
    const groups = own.groups?.bind(own)
    const raw = own.raw?.bind(own)
    if (groups !== undefined) this.groups = (grouping, signal) => this.#groupsOf(grouping, groups, signal)
    if (raw === undefined) return
    this.raw = (work, signal) => {
      run.sawRaw()
      return raw(work, signal)
    }
  }

  async row(model: Model, id: string, signal?: AbortSignal): Promise<StoredRow | undefined> {
    const question = rowQuestion(model, id)
    const entry = this.#run.hold(this.#entries.rows, question)
    const { row } = await this.#run.read(entry, () => question.ask(this.#own, signal))
    return row && copyRow(row, model.columns)
  }

  async select(query: Select, signal?: AbortSignal): Promise<StoredRow[]> {
    const lookup = lookupOf(query)
    if (lookup !== undefined) return lookUp(query, lookup, await this.#rowsOf(query, lookup, signal))
    const split = splitOf(query)
    return (split && (await this.#partsOf(query, split, signal))) ?? this.#whole(query, signal)
  }

  async count(model: Model, condition: Condition, signal?: AbortSignal): Promise<number> {
    const question = countQuestion(model, condition, { isExact: !this.#entries.hearsOthers })
    const entry = this.#run.hold(this.#entries.counts, question)
    return (await this.#run.read(entry, () => question.ask(this.#own, signal))).count
  }

  async #whole(query: Select, signal: AbortSignal | undefined): Promise<StoredRow[]> {
    const question = selectQuestion(query)
    const entry = this.#run.hold(this.#entries.selects, question)
    return (await this.#run.read(entry, () => question.ask(this.#own, signal))).rows()
  }

  async #groupsOf(
    grouping: Grouping,
    groups: NonNullable<Reader['groups']>,
    signal: AbortSignal | undefined,
  ): Promise<unknown[][]> {
    const question = groupsQuestion(grouping, groups)
    const entry = this.#run.hold(this.#entries.groups, question)
    return (await this.#run.read(entry, () => question.ask(this.#own, signal))).groups()
  }

  /** Each row is kept by itself, so that a list with one row more asks for that one alone. */
  async #rowsOf(query: Select, lookup: Named, signal: AbortSignal | undefined): Promise<StoredRow[]> {
    const { model } = query
    const concerns = concernsOf(query, lookup)
    const batch = new Batch(async (missing) => {
      const which = { model, columns: model.columns, condition: byIds(model.id, missing), offset: 0, limit: missing.length }
      const rows = await this.#own.select({ ...which, order: [{ column: model.id, down: false }] }, signal)
      return new Map(rows.map((row) => [row.id, row]))
    })
    const reading = lookup.ids.map((id) => {
      const entry = this.#run.hold(this.#entries.rows, rowQuestion(model, id), concerns)
      return this.#run.read(entry, async () => new KeptRow(model, (await batch.with(id)).get(id)))
    })
    batch.begin()
    const kept = await Promise.all(reading)
    return kept.flatMap(({ row }) => row ?? [])
  }

  /** Undefined where there are too many rows for parts. */
  async #partsOf(query: Select, split: Split, signal: AbortSignal | undefined): Promise<StoredRow[] | undefined> {
    const batch = new Batch(async (missing) => {
      const rows = await this.#own.select(split.together(missing), signal)
      if (!split.isWhole(rows)) throw new TooMany()
      return Map.groupBy(rows, split.ownerOf)
    })
    const reading = Array.from(split.parts, ([id, part]) => {
      const entry = this.#run.hold(this.#entries.selects, selectQuestion(part))
      return this.#run.read(entry, async () => windowOf(part, (await batch.with(id)).get(id) ?? []))
    })
    batch.begin()
    try {
      return joined(
        query,
        (await Promise.all(reading)).map((part) => part.rows()),
      )
    } catch (error) {
      if (error instanceof TooMany) return undefined
      throw error
    }
  }
}

/** It is kept for as long as the rows are, and with it all that is named around it: so it is made by itself. */
function concernsOf(query: Select, lookup: Named): (change: Change) => boolean {
  return (change) => altersLookup(query, lookup, change)
}

class TooMany extends Error {}
