import type { Column, Model } from './catalog.ts'
import { all, type Condition, within } from './condition.ts'

/** The ids that a condition names, and what else it asks of the rows. */
export interface Named {
  readonly column: Column
  readonly ids: readonly string[]
  readonly rest: Condition
}

/** The rows that have one of these ids in a column. */
export function byIds(column: Column, ids: Iterable<string>, rest?: Condition): Condition {
  const named = within(column, ids)
  return rest === undefined ? named : all([named, rest])
}

/** The ids of the rows themselves; undefined where a condition does not name all its rows. */
export function idsNamedBy(model: Model, condition: Condition): Named | undefined {
  return namedBy(condition, ({ column }) => column.name === model.id.name)
}

/** Several rows of another model, to which all the rows belong; undefined where a condition does not say which. */
export function ownersNamedBy(condition: Condition): Named | undefined {
  return namedBy(condition, (part) => part.kind === 'in' && part.column.facts.kind === 'belongsTo')
}

type Naming = Condition & { readonly kind: 'equal' | 'in' }

function namedBy(condition: Condition, isSuch: (part: Naming) => boolean): Named | undefined {
  const parts = condition.kind === 'all' ? condition.of : [condition]
  for (const [at, part] of parts.entries()) {
    if ((part.kind !== 'equal' && part.kind !== 'in') || part.negated || !isSuch(part)) continue
    const values = part.kind === 'in' ? [...part.values] : [part.value]
    const ids = values.filter((value) => typeof value === 'string')
    if (ids.length === values.length) return { column: part.column, ids, rest: all(parts.toSpliced(at, 1)) }
  }
  return undefined
}
