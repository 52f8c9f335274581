import { asksOthers, type Condition, columnsOf, never } from '../condition.ts'
import type { ReadEntry } from '../read-set.ts'

/** Rows of a model that a read depends on. */
export interface Watch {
  readonly model: string
  readonly condition: Condition
  /** Of a row that stays among them, the columns whose values matter; undefined are all. */
  readonly columns: ReadonlySet<string> | undefined
}

const none: ReadonlySet<string> = new Set()

/** What a read depends on: the rows of its own model, and those that its condition asks. */
export function watchesOf({ model, condition, columns }: ReadEntry): Watch[] {
  if (condition.kind === never.kind) return []
  const watches: Watch[] = [{ model, condition, columns: withAsked(condition, columns) }]
  addRelated(condition, watches)
  return watches
}

/**
 * A row that matches before and after is told by its condition alone to have stayed, unless other rows have a say: then
 * any column of the condition may have changed which rows these are.
 */
function withAsked(condition: Condition, columns: ReadonlySet<string> | undefined): ReadonlySet<string> | undefined {
  if (columns === undefined || !asksOthers(condition)) return columns
  return new Set([...columns, ...columnsOf(condition)])
}

function addRelated(condition: Condition, watches: Watch[]): void {
  if (condition.kind === 'related') {
    watches.push(...watchesOf({ model: condition.target.name, condition: condition.of, columns: none }))
  } else if (condition.kind === 'some') {
    // a row that names another one now has gone from the one to the other
    watches.push(...watchesOf({ model: condition.target.name, condition: condition.of, columns: new Set([condition.by.name]) }))
  } else if (condition.kind === 'all' || condition.kind === 'any') {
    for (const part of condition.of) addRelated(part, watches)
  }
}
