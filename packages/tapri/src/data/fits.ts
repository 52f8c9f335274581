import type { Model } from './catalog.ts'
import { all, always, asksOthers, type Condition, equal, never } from './condition.ts'
import type { Transaction } from './driver.ts'
import { matches, type StoredRow } from './evaluate.ts'

/** Whether a row matches; where other rows have a say, the database is asked, which must have the row as it is. */
export async function fits(session: Transaction, model: Model, condition: Condition, row: StoredRow): Promise<boolean> {
  if (!asksOthers(condition)) return matches(condition, row)
  return (await session.count(model, all([equal(model.id, row.id), condition]))) > 0
}

/** Whether a row that is not written as it is would match; undefined where that depends on it being there. */
export async function wouldFit(
  session: Transaction,
  model: Model,
  condition: Condition,
  row: StoredRow,
): Promise<boolean | undefined> {
  if (!asksOthers(condition)) return matches(condition, row)
  return reaches(condition, model) ? undefined : matches(await answered(session, condition, row), row)
}

/** Whether what is asked of other rows may depend on rows of the model. */
function reaches(condition: Condition, model: Model): boolean {
  if (condition.kind === 'all' || condition.kind === 'any') return condition.of.some((each) => reaches(each, model))
  if (condition.kind === 'related') return condition.target === model || reaches(condition.of, model)
  return condition.kind === 'some'
}

/** The condition with what the rows that the row names have to say. */
async function answered(session: Transaction, condition: Condition, row: StoredRow): Promise<Condition> {
  if (condition.kind === 'all' || condition.kind === 'any') {
    const of: Condition[] = []
    for (const each of condition.of) of.push(await answered(session, each, row))
    return { kind: condition.kind, of }
  }
  if (condition.kind !== 'related') return condition
  const { column, target, negated } = condition
  const id = row[column.name]
  const which = all([equal(target.id, typeof id === 'string' ? id : null), condition.of])
  const isThere = which.kind !== 'never' && (await session.count(target, which)) > 0
  return isThere === negated ? never : always
}
