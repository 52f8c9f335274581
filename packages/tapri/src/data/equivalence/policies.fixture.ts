import fc from 'fast-check'
import { openCatalog } from '../catalog.ts'
import { notDeleted } from '../condition.ts'
import type { Models, Policy } from '../index.ts'
import { compileWhere } from '../where.ts'
import type { Plan } from './shapes.fixture.ts'
import { RowAt, wheresOf } from './wheres.fixture.ts'

const actions = ['read', 'create', 'update', 'delete']

/** A policy for each model of a plan: every row, none, or those that match. The same for the same seed. */
export function policiesOf(plan: Plan, models: Models, seed: number): Policy[] {
  const wheres = wheresOf(plan)
  const catalog = openCatalog(models, {}, () => 0)
  const isAlways = (name: string, where: unknown) => {
    const model = catalog.get(name)
    // `rows(…)` refuses what opens everything: that is said with `true`
    return model !== undefined && compileWhere(catalog, model, where, { everything: true, guard: notDeleted }).kind === 'always'
  }
  return plan.map(({ name }, at) => {
    const where = (wheres[name] ?? fc.constant({})).map(withoutRows)
    const rule = fc.oneof(
      { weight: 2, arbitrary: fc.constant(true) },
      { weight: 1, arbitrary: fc.constant(false) },
      { weight: 5, arbitrary: fc.array(where, { minLength: 1, maxLength: 2 }) },
    )
    const chosen = fc.sample(fc.tuple(rule, rule, rule, rule), { seed: seed + at, numRuns: 1 })[0] ?? []
    const rules = actions.map((action, index) => {
      const answer = chosen[index] ?? false
      const opens = Array.isArray(answer) && answer.some((each) => isAlways(name, each)) ? true : answer
      return [action, ({ rows }: any) => (Array.isArray(opens) ? rows(...opens) : opens)]
    })
    return { model: name, rules: Object.fromEntries(rules) }
  })
}

/** A policy is written before there are rows to name. */
function withoutRows(value: unknown): unknown {
  if (value instanceof RowAt) return '00000000-0000-7000-8000-000000000000'
  if (Array.isArray(value)) return value.map(withoutRows)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withoutRows(each)]))
}
