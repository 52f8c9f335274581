import type { Catalog, Model } from './catalog.ts'
import { always, any, type Condition, never, notDeleted } from './condition.ts'
import { dataError } from './errors.ts'
import type { StoredRow } from './evaluate.ts'
import type { Policy } from './types.ts'
import { compileWhere, type View } from './where.ts'

export type Action = 'read' | 'create' | 'update' | 'delete'

interface RuleContext {
  readonly user: StoredRow | null
  rows(...any: readonly unknown[]): Opened
}
type CompiledRule = (context: RuleContext) => unknown

/** What `rows(…)` answers; nothing else opens rows. */
class Opened {
  readonly '~rows': string
  readonly condition: Condition

  constructor(model: string, condition: Condition) {
    this['~rows'] = model
    this.condition = condition
  }
}

interface Opening {
  readonly model: Model
  readonly rules: ReadonlyMap<Action, CompiledRule>
  rows(...any: readonly unknown[]): Opened
}

// A rule is the app's own word: it may look at private fields and at rows that the caller may not read.
const ruleView: View = { everything: true, guard: notDeleted }

/** Tells which rows of a model a user may read, make, change or delete. */
export class Policies {
  readonly #openings = new Map<string, Opening>()

  /** @throws TAPRI_DATA_POLICY for a policy of no model, a second one of a model, an unknown action */
  constructor(catalog: Catalog, policies: readonly Policy[]) {
    for (const policy of policies) {
      const model = catalog.get(policy.model)
      if (model === undefined || model.internal) throw wrong(policy.model, 'there is no such model')
      if (this.#openings.has(model.name)) throw wrong(model.name, 'it has two policies: write one')
      this.#openings.set(model.name, { model, rules: rulesOf(policy), rows: (...any) => open(catalog, model, any) })
    }
  }

  /** Closed until opened: no policy or no rule means nobody. */
  condition(model: Model, action: Action, user: StoredRow | null): Condition {
    const opening = this.#openings.get(model.name)
    const rule = opening?.rules.get(action)
    if (opening === undefined || rule === undefined) return never
    const answer = rule({ user, rows: opening.rows })
    if (answer === true) return always
    if (answer === false) return never
    if (answer instanceof Opened && answer['~rows'] === model.name) return answer.condition
    throw wrong(model.name, `the rule "${action}" must answer true, false or rows(…), and at once`)
  }
}

const actions = ['read', 'create', 'update', 'delete'] as const

function rulesOf(policy: Policy): ReadonlyMap<Action, CompiledRule> {
  const unknown = Object.keys(policy.rules).find((key) => !actions.some((action) => action === key))
  if (unknown !== undefined) throw wrong(policy.model, `"${unknown}" is none of ${actions.join(', ')}`)
  const rules = new Map<Action, CompiledRule>()
  for (const action of actions) {
    const rule = policy.rules[action]
    if (rule !== undefined) rules.set(action, callable(rule))
  }
  return rules
}

// A rule's context is checked where the rule is written; what it is given here is that context.
function callable(rule: (context: never) => unknown): CompiledRule {
  return rule as CompiledRule
}

function open(catalog: Catalog, model: Model, filters: readonly unknown[]): Opened {
  const conditions = filters.map((filter) => compileWhere(catalog, model, filter ?? null, ruleView))
  // an empty filter is more often a mistake than a wish; `true` says the wish
  if (filters.length === 0 || conditions.some((each) => each.kind === 'always')) {
    throw wrong(model.name, 'rows(…) was given an empty filter: answer true to open every row')
  }
  return new Opened(model.name, any(conditions))
}

function wrong(model: string, reason: string) {
  return dataError('TAPRI_DATA_POLICY', `Cannot use the policy of "${model}": ${reason}`)
}
