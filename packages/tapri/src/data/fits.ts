import type { Model } from './catalog.ts'
import { all, asksOthers, type Condition, equal } from './condition.ts'
import type { Transaction } from './driver.ts'
import { matches, type StoredRow } from './evaluate.ts'

/** Whether a row matches; where other rows have a say, the database is asked, which must have the row as it is. */
export async function fits(session: Transaction, model: Model, condition: Condition, row: StoredRow): Promise<boolean> {
  if (!asksOthers(condition)) return matches(condition, row)
  return (await session.count(model, all([equal(model.id, row.id), condition]))) > 0
}
