import { comparable } from '../../evaluate.ts'
import type { Figure, Grouping, Having } from '../../figures.ts'
import { type Codec, fieldOf } from './codec.ts'
import { type Filter, matching, type Stage } from './filter.ts'

/** The stages that give the groups, with the values of `by` below `_id` and the figures beside it. */
export function groupStages(codec: Codec, grouping: Grouping): Stage[] {
  const { condition, by, having, order, limit } = grouping
  const figures = figuresOf(grouping)
  const named = by.map((column, at) => [`b${at}`, { $ifNull: [`$${fieldOf(column)}`, null] }])
  const group: Record<string, unknown> = { _id: by.length === 0 ? null : Object.fromEntries(named) }
  for (const [at, figure] of figures.entries()) group[`f${at}`] = accumulator(figure)
  const stages: Stage[] = [...matching(codec, condition), { $group: group }]
  if (having.length > 0) stages.push({ $match: { $and: having.map((each) => havingFilter(codec, figures, each)) } })
  const sorted: Record<string, 1 | -1> = {}
  // what was said first holds: the server takes each field once
  for (const { of, down } of order) sorted['kind' in of ? nameOf(figures, of) : `_id.b${by.indexOf(of)}`] ??= down ? -1 : 1
  if (order.length > 0) stages.push({ $sort: sorted })
  return [...stages, { $limit: limit }]
}

/** Reads the values of `by` and the figures. */
export function groupDecoder(codec: Codec, grouping: Grouping): (document: Readonly<Record<string, unknown>>) => unknown[] {
  const { by, figures } = grouping
  const all = figuresOf(grouping)
  return (document) => {
    const values = Object(document._id)
    return [
      ...by.map((column, at) => codec.decode(column, values[`b${at}`])),
      ...figures.map((figure) => decodeFigure(codec, figure, document[nameOf(all, figure)])),
    ]
  }
}

/** Those that are asked for, and those that groups are kept or ordered by. */
function figuresOf({ figures, having, order }: Grouping): Figure[] {
  const others = order.flatMap(({ of }) => ('kind' in of ? [of] : []))
  const known = new Map<string, Figure>()
  for (const figure of [...figures, ...having.map((each) => each.figure), ...others]) known.set(keyOf(figure), figure)
  return [...known.values()]
}

function nameOf(figures: readonly Figure[], figure: Figure): string {
  const key = keyOf(figure)
  return `f${figures.findIndex((each) => keyOf(each) === key)}`
}

function keyOf(figure: Figure): string {
  return figure.kind === 'count' ? 'count' : `${figure.kind} ${figure.column.name}`
}

function accumulator(figure: Figure): Stage {
  if (figure.kind === 'count') return { $sum: 1 }
  return { [`$${figure.kind}`]: `$${fieldOf(figure.column)}` }
}

const signs = { gt: '$gt', gte: '$gte', lt: '$lt', lte: '$lte', equal: '$eq', not: '$ne' } as const

function havingFilter(codec: Codec, figures: readonly Figure[], { figure, sign, value }: Having): Filter {
  const name = nameOf(figures, figure)
  // an order with null is never there
  if (value === null && sign !== 'equal' && sign !== 'not') return { _id: { $in: [] } }
  const isExtreme = figure.kind === 'min' || figure.kind === 'max'
  return { [name]: { [signs[sign]]: isExtreme ? codec.compared(figure.column, value) : value } }
}

/** A sum beyond the safe numbers comes as the package's own number, and goes as its text. */
function decodeFigure(codec: Codec, figure: Figure, value: unknown): unknown {
  if (figure.kind === 'min' || figure.kind === 'max') return codec.decode(figure.column, value)
  return comparable(value) === undefined ? String(value) : value
}
