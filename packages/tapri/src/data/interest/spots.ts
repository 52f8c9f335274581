import type { Column } from '../catalog.ts'
import type { Condition, Primitive } from '../condition.ts'
import { halfOf, type Interval, isClosed, overlap } from './interval.ts'

/** An interval of the values of a column. */
export interface Range extends Interval {
  readonly column: string
}

/** Where rows that may match are found: they have all these values, and one within the interval. */
export interface Spot {
  /** By the names of the columns, in their order. */
  readonly equals: ReadonlyMap<string, Primitive>
  readonly range: Range | undefined
  /** Whether every row that is found here matches, but for those at an end of the interval. */
  readonly isExact: boolean
  /** Whether it is no more than a part of the model that is found here. */
  readonly isNarrow: boolean
}

interface Draft {
  readonly equals: ReadonlyMap<string, Primitive>
  readonly ranges: ReadonlyMap<string, Interval>
  readonly isExact: boolean
  readonly isNarrow: boolean
}

/** Beyond so many spots, parts of a condition are left to be verified. */
const mostSpots = 64
const anywhere: Draft = { equals: new Map(), ranges: new Map(), isExact: false, isNarrow: false }

/** Spots that together have every row that may match. One without values and interval is the whole model. */
export function spotsOf(condition: Condition): Spot[] {
  return draftsOf(condition).map(settle)
}

function draftsOf(condition: Condition): readonly Draft[] {
  switch (condition.kind) {
    case 'always':
      return [{ ...anywhere, isExact: true }]
    case 'never':
      return []
    case 'all':
      return joined(condition.of.map(draftsOf))
    case 'any': {
      const drafts = condition.of.flatMap(draftsOf)
      return drafts.some(isAnywhere) ? [anywhere] : drafts
    }
    case 'equal':
      return condition.negated || isNotDeleted(condition) ? [anywhere] : [equalTo(condition.column, condition.value)]
    case 'in':
      return condition.negated ? [anywhere] : [...condition.values].map((value) => equalTo(condition.column, value))
    case 'order': {
      const interval = halfOf(condition.value, condition.sign === 'gt' || condition.sign === 'gte' ? 'low' : 'high')
      return [{ ...anywhere, ranges: new Map([[condition.column.name, interval]]), isExact: true, isNarrow: true }]
    }
    default:
      return [anywhere]
  }
}

/** Nearly every row is not deleted: that finds nothing. */
function isNotDeleted({ column, value }: Condition & { readonly kind: 'equal' }): boolean {
  return value === null && column.facts.kind === 'time' && column.facts.softDelete === true
}

function isAnywhere({ equals, ranges }: Draft): boolean {
  return equals.size === 0 && ranges.size === 0
}

/** Truth finds half of the rows: what else is asked of them is looked at one by one. */
function equalTo({ name, comparison }: Column, value: Primitive): Draft {
  return { ...anywhere, equals: new Map([[name, value]]), isExact: true, isNarrow: comparison !== 'boolean' }
}

/** Where all the parts are found: parts in one spot first, then those in the most, while the spots stay few. */
function joined(parts: readonly (readonly Draft[])[]): readonly Draft[] {
  let drafts: readonly Draft[] = [{ ...anywhere, isExact: true }]
  for (const part of parts.toSorted((one, other) => turn(one) - turn(other))) {
    const isFew = drafts.length * part.length <= mostSpots || (drafts.length === 1 && drafts[0]?.isNarrow === false)
    if (!isFew) drafts = drafts.map((draft) => ({ ...draft, isExact: false }))
    else drafts = drafts.flatMap((draft) => part.flatMap((other) => both(draft, other)))
  }
  return drafts
}

function turn({ length }: readonly Draft[]): number {
  return length <= 1 ? 0 : 1 / length
}

/** None for what cannot be at once. */
function both(one: Draft, other: Draft): Draft[] {
  const equals = new Map(one.equals)
  for (const [name, value] of other.equals) {
    if (equals.has(name) && equals.get(name) !== value) return []
    equals.set(name, value)
  }
  const ranges = new Map(one.ranges)
  for (const [name, interval] of other.ranges) {
    const known = ranges.get(name)
    ranges.set(name, known === undefined ? interval : overlap(known, interval))
  }
  return [{ equals, ranges, isExact: one.isExact && other.isExact, isNarrow: one.isNarrow || other.isNarrow }]
}

/** The id says it all; of several intervals one is looked for, with two ends if there is one. */
function settle({ equals, ranges, isExact, isNarrow }: Draft): Spot {
  const id = equals.get('id')
  const kept: [string, Primitive][] = id === undefined ? [...equals].sort(byName) : [['id', id]]
  const open = [...ranges].filter(([name]) => id === undefined && !equals.has(name))
  const [column, interval] = open.find(([, each]) => isClosed(each)) ?? open[0] ?? []
  return {
    equals: new Map(kept),
    range: column === undefined || interval === undefined ? undefined : { column, ...interval },
    isExact: isExact && kept.length === equals.size && ranges.size === (column === undefined ? 0 : 1),
    isNarrow,
  }
}

function byName([one]: readonly [string, Primitive], [other]: readonly [string, Primitive]): number {
  return one < other ? -1 : 1
}
