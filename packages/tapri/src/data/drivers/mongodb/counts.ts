import type { Stage } from './filter.ts'

/** What a migration asks of the documents: the stages that leave as many as are to be counted. */
export const counts = {
  rows: (): Stage[] => [],

  // an equality with null would look into lists
  nulls: (column: string): Stage[] => [{ $match: { $expr: { $eq: [orNull(column), null] } } }],

  /** Values of the columns, together, that occur more than once. */
  twins(columns: readonly string[]): Stage[] {
    const present = columns.map((column) => ({ [column]: { $ne: null } }))
    const values = Object.fromEntries(columns.map((column, at) => [`c${at}`, `$${column}`]))
    return [{ $match: { $and: present } }, { $group: { _id: values, count: { $sum: 1 } } }, { $match: { count: { $gt: 1 } } }]
  },

  /** Values of the column that name no row of the target. */
  orphans: (column: string, target: string): Stage[] => [
    { $match: { [column]: { $ne: null } } },
    { $lookup: { from: target, localField: column, foreignField: '_id', as: 'found' } },
    { $match: { found: { $eq: [] } } },
  ],
}

function orNull(column: string): Stage {
  return { $ifNull: [`$${column}`, null] }
}
