import { type OutsideChange, type OutsidePart, readChange } from '../../capture/capture.ts'
import { Pile } from '../../capture/pile.ts'
import type { Model } from '../../catalog.ts'
import type { StoredRow } from '../../evaluate.ts'
import { rowDecoder } from '../sql/row.ts'
import { isFraction } from './capture-triggers.ts'
import { codec } from './codec.ts'
import type { Connection } from './connection.ts'

/** Of more notes, or longer ones, it is only read which models they are of. */
const mostNotes = 10_000
const mostSigns = 16 * 1024 ** 2

/** What the triggers have noted, and nobody has taken. */
export class Notes {
  readonly #connection: Connection
  readonly #models: ReadonlyMap<string, Noted>

  constructor(connection: Connection, models: readonly Model[]) {
    this.#connection = connection
    this.#models = new Map(models.map((model) => [model.name, notedOf(model)]))
  }

  /** Undefined when there is nothing. */
  read(): OutsidePart | undefined {
    const signs = 'total(coalesce(length(before), 0) + coalesce(length(after), 0))'
    const sql = `SELECT max(id), count(*), ${signs} FROM tapri_outside`
    const [last, count, length] = this.#connection.rows({ sql, parameters: [] })[0] ?? []
    if (typeof last !== 'number') return undefined
    const isLarge = Number(count) > mostNotes || Number(length) > mostSigns
    return { changes: isLarge ? this.#touched(last) : this.#noted(last), place: `${last} ${count}` }
  }

  #noted(last: number): readonly OutsideChange[] {
    const sql = 'SELECT model, before, after FROM tapri_outside WHERE id <= ? ORDER BY id'
    const changes: OutsideChange[] = []
    for (const [name, before, after] of this.#connection.rows({ sql, parameters: [last] })) {
      const noted = this.#models.get(String(name))
      if (noted === undefined) continue
      changes.push(readChange(noted.model, () => ({ before: noted.read(before), after: noted.read(after) })))
    }
    const pile = new Pile()
    for (const change of withoutReplaced(changes)) pile.add(change)
    return pile.changes()
  }

  #touched(last: number): readonly OutsideChange[] {
    const sql = 'SELECT DISTINCT model FROM tapri_outside WHERE id <= ?'
    const pile = new Pile()
    for (const [name] of this.#connection.rows({ sql, parameters: [last] })) {
      const noted = this.#models.get(String(name))
      if (noted !== undefined) pile.touch(noted.model)
    }
    return pile.changes()
  }
}

/** The last note of a part, and how many there are up to it. */
export function placeOf(text: string): { readonly last: number; readonly count: number } {
  const [last = 0, count = 0] = text.split(' ').map(Number)
  return { last, count }
}

interface Noted {
  readonly model: Model
  read(note: unknown): StoredRow | null
}

function notedOf(model: Model): Noted {
  const decode = rowDecoder(codec, model.columns)
  return {
    model,
    read(note) {
      if (typeof note !== 'string') return null
      const values = asValues(JSON.parse(note))
      return decode(
        model.columns.map((column) => {
          const value = values[column.name] ?? null
          return isFraction(column) && value !== null ? Number(value) : value
        }),
      )
    },
  }
}

// A trigger of ours has written it: texts, numbers and nulls by the names of columns.
function asValues(note: unknown): Readonly<Record<string, string | number | null>> {
  return note as Readonly<Record<string, string | number | null>>
}

/** A row that was there when it was inserted is noted as gone first, and then as what became of it. */
function withoutReplaced(changes: readonly OutsideChange[]): readonly OutsideChange[] {
  const whole: OutsideChange[] = []
  for (const change of changes) {
    const last = whole.at(-1)
    const isSame = last?.model === change.model && last.before?.id === (change.after ?? change.before)?.id
    if (last?.after === null && last.before !== null && isSame) whole[whole.length - 1] = { ...change, before: last.before }
    else whole.push(change)
  }
  return whole
}
