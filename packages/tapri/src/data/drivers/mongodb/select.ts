import { all, type Condition, negate } from '../../condition.ts'
import type { Order, Select } from '../../driver.ts'
import { type Codec, fieldOf } from './codec.ts'
import { matching, rankOf, type Stage } from './filter.ts'

/** Rows that are alike in which of the ordered columns may be seen, and what they are ordered by. */
interface Branch {
  readonly condition: Condition
  readonly keys: Stage
}

/** The stages that give the documents of a select. */
export function selectStages(codec: Codec, query: Select): Stage[] {
  const { model, columns, order, limit, offset, each, rank } = query
  const stages = found(codec, query)
  if (each !== undefined) stages.push(...firstOfEach(model.name, fieldOf(each.column), each.limit, order))
  if (rank !== undefined) stages.push({ $addFields: { tapri_rank: rankOf(rank) } })
  const sorted = sortOf(order)
  if (rank !== undefined) stages.push({ $sort: { tapri_rank: -1, ...sorted } })
  else if (order.length > 0) stages.push({ $sort: sorted })
  if (offset > 0) stages.push({ $skip: offset })
  const shown = ['_id', ...columns.map(fieldOf)].map((field) => [field, 1])
  return [...stages, { $limit: limit }, { $project: Object.fromEntries(shown) }]
}

function found(codec: Codec, { model, condition, order }: Select): Stage[] {
  const [first, ...others] = branchesOf(condition, order).map((branch) => stagesOf(codec, branch))
  return [...(first ?? []), ...others.map((pipeline) => ({ $unionWith: { coll: model.name, pipeline } }))]
}

function stagesOf(codec: Codec, { condition, keys }: Branch): Stage[] {
  const stages = matching(codec, condition)
  return Object.keys(keys).length === 0 ? stages : [...stages, { $addFields: keys }]
}

/** A column that may be seen in some rows only is one key there and null in the others. */
function branchesOf(condition: Condition, order: readonly Order[]): Branch[] {
  let branches: Branch[] = [{ condition, keys: {} }]
  for (const each of order) {
    const { open, column } = each
    if (open === undefined) continue
    branches = branches.flatMap((branch) => [
      { condition: all([branch.condition, open]), keys: { ...branch.keys, [keyOf(each)]: `$${fieldOf(column)}` } },
      { condition: all([branch.condition, negate(open)]), keys: { ...branch.keys, [keyOf(each)]: { $literal: null } } },
    ])
  }
  return branches
}

/** Groups hold ids and keys alone, since a group is a document and bounded as such; the documents are then fetched. */
function firstOfEach(collection: string, field: string, limit: number, order: readonly Order[]): Stage[] {
  const keys = order.filter(({ open }) => open !== undefined).map((each) => [keyOf(each), `$${keyOf(each)}`])
  const first = { $topN: { n: limit, sortBy: sortOf(order), output: { tapri_id: '$_id', ...Object.fromEntries(keys) } } }
  return [
    { $group: { _id: `$${field}`, first } },
    { $unwind: '$first' },
    { $lookup: { from: collection, localField: 'first.tapri_id', foreignField: '_id', as: 'rows' } },
    { $unwind: '$rows' },
    { $replaceRoot: { newRoot: { $mergeObjects: ['$rows', '$first'] } } },
  ]
}

function sortOf(order: readonly Order[]): Record<string, 1 | -1> {
  const sorted: Record<string, 1 | -1> = {}
  // what was said first holds: the server takes each field once
  for (const each of order) sorted[keyOf(each)] ??= each.down ? -1 : 1
  return sorted
}

/** The field that documents are sorted by. */
function keyOf({ column, open }: Order): string {
  return open === undefined ? fieldOf(column) : `tapri_seen_${column.name}`
}
