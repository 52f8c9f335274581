import type { Primitive } from './condition.ts'
import { comparable, compareValues, type StoredRow } from './evaluate.ts'
import type { Figure, Grouping, Having } from './figures.ts'

/**
 * The groups of rows that match already, as drivers must give them: the values of `by`, then the figures.
 * Null is a value like any other in `by`, and no value in a figure: a sum of nothing is 0, every other figure null.
 */
export function groupsAmong(rows: readonly StoredRow[], grouping: Omit<Grouping, 'model' | 'condition'>): Primitive[][] {
  const { by, figures, having, order, limit } = grouping
  const groups = new Map<string, StoredRow[]>(by.length === 0 ? [['[]', []]] : [])
  for (const row of rows) {
    const key = JSON.stringify(by.map(({ name }) => plain(row[name])))
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [row])
    else group.push(row)
  }
  const kept = [...groups.values()].filter((group) => having.every((each) => holds(each, group)))
  kept.sort((one, other) => {
    for (const { of, down } of order) {
      const difference = compareValues(valueIn(of, one), valueIn(of, other))
      if (difference !== 0) return down ? -difference : difference
    }
    return 0
  })
  return kept.slice(0, limit).map((group) => [...by, ...figures].map((each) => valueIn(each, group)))
}

function valueIn(of: Grouping['order'][number]['of'], group: readonly StoredRow[]): Primitive {
  return 'kind' in of ? figure(of, group) : plain(group[0]?.[of.name])
}

function figure(of: Figure, group: readonly StoredRow[]): Primitive {
  if (of.kind === 'count') return group.length
  const values = group.map((row) => plain(row[of.column.name])).filter((value) => value !== null)
  const sorted = values.toSorted(compareValues)
  if (of.kind === 'min') return sorted[0] ?? null
  if (of.kind === 'max') return sorted.at(-1) ?? null
  const sum = values.reduce<number>((total, value) => total + Number(value), 0)
  if (of.kind === 'sum') return sum
  return values.length === 0 ? null : sum / values.length
}

function holds({ figure: of, sign, value }: Having, group: readonly StoredRow[]): boolean {
  const actual = figure(of, group)
  if (sign === 'equal') return actual === value
  if (sign === 'not') return actual !== value
  if (actual === null || value === null) return false
  const order = compareValues(actual, value)
  if (sign === 'gt') return order > 0
  if (sign === 'gte') return order >= 0
  return sign === 'lt' ? order < 0 : order <= 0
}

function plain(value: unknown): Primitive {
  return comparable(value) ?? null
}
