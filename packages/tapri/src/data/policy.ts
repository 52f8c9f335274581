import { type Clock, systemClock } from '../kit/clock.ts'
import type { Catalog, Column, Model } from './catalog.ts'
import { always, any, type Condition, never, notDeleted } from './condition.ts'
import { conditionKey } from './condition-key.ts'
import { dataError } from './errors.ts'
import type { StoredRow } from './evaluate.ts'
import type { ReadSet } from './read-set.ts'
import type { Policy } from './types.ts'
import { compileWhere, type View } from './where.ts'

export type Action = 'read' | 'create' | 'update' | 'delete'
export type FieldAction = 'read' | 'write'

interface RuleContext {
  readonly user: StoredRow | null
  readonly now: Date
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

/** What a rule is given. */
class Consultation implements RuleContext {
  readonly user: StoredRow | null
  readonly rows: RuleContext['rows']
  readonly #clock: Clock
  readonly #reads: Timed | undefined

  constructor(rows: RuleContext['rows'], clock: Clock, { user, reads }: Asking) {
    this.user = user
    this.rows = rows
    this.#clock = clock
    this.#reads = reads
  }

  /** To the second, so that callers who come within one are given the same. */
  get now(): Date {
    if (this.#reads !== undefined) this.#reads.isTimed = true
    return new Date(Math.floor(this.#clock.now() / 1000) * 1000)
  }
}

type Timed = Pick<ReadSet, 'isTimed'>

/** Who asks a rule. */
interface Asking {
  readonly user: StoredRow | null
  /** Learns whether the rule goes by the time. */
  readonly reads?: Timed | undefined
}

interface Opening {
  readonly model: Model
  readonly rules: ReadonlyMap<Action, CompiledRule>
  /** By the name of a field and what is done with it. */
  readonly fields: ReadonlyMap<string, CompiledRule>
  rows(...any: readonly unknown[]): Opened
}

// A rule is the app's own word: it may look at private fields and at rows that the caller may not read.
const ruleView: View = { everything: true, guard: notDeleted }

/** Tells which rows of a model a user may read, make, change or delete. */
export class Policies {
  readonly #openings = new Map<string, Opening>()
  readonly #clock: Clock

  /** @throws TAPRI_DATA_POLICY for a policy of no model, a second one of a model, an unknown action */
  constructor(catalog: Catalog, policies: readonly Policy[], clock: Clock = systemClock) {
    this.#clock = clock
    for (const policy of policies) {
      const model = catalog.get(policy.model)
      if (model === undefined || model.internal) throw wrong(policy.model, 'there is no such model')
      if (this.#openings.has(model.name)) throw wrong(model.name, 'it has two policies: write one')
      this.#openings.set(model.name, {
        model,
        rules: rulesOf(policy),
        fields: fieldRulesOf(policy, model),
        rows: (...any) => open(catalog, model, any),
      })
    }
  }

  /** Closed until opened: no policy or no rule means nobody. */
  condition(model: Model, action: Action, asking: Asking): Condition {
    const opening = this.#openings.get(model.name)
    const rule = opening?.rules.get(action)
    if (opening === undefined || rule === undefined) return never
    return this.#ask(opening, rule, action, asking)
  }

  /** Which rows are open to the user in this field. Reading is closed until opened; writing is as open as the row. */
  field(model: Model, column: Column, action: FieldAction, asking: Asking): Condition {
    const opening = this.#openings.get(model.name)
    const rule = opening?.fields.get(`${column.name} ${action}`)
    if (opening === undefined || rule === undefined) return action === 'read' && column.guarded ? never : always
    return this.#ask(opening, rule, `fields.${column.name}.${action}`, asking)
  }

  #ask({ model, rows }: Opening, rule: CompiledRule, name: string, asking: Asking): Condition {
    const answer = rule(new Consultation(rows, this.#clock, asking))
    if (answer === true) return always
    if (answer === false) return never
    if (answer instanceof Opened && answer['~rows'] === model.name) return answer.condition
    throw wrong(model.name, `the rule "${name}" must answer true, false or rows(…), and at once`)
  }
}

/** What the rules open to the user, as one text; undefined where one of them goes by the time, and may open something else to
 * this user than to others a moment later. */
export function openedBy(policies: Policies, rules: ReadSet['rules'], user: StoredRow | null): string | undefined {
  const texts: string[] = []
  const asking = { user, reads: { isTimed: false } }
  for (const [name, { model, action, column }] of rules) {
    const condition =
      column === undefined ? policies.condition(model, action, asking) : policies.field(model, column, 'read', asking)
    if (asking.reads.isTimed) return undefined
    texts.push(`${name}:${conditionKey(condition)}`)
  }
  return texts.join(';')
}

const actions = ['read', 'create', 'update', 'delete'] as const

function rulesOf(policy: Policy): ReadonlyMap<Action, CompiledRule> {
  const unknown = Object.keys(policy.rules).find((key) => key !== 'fields' && !actions.some((action) => action === key))
  if (unknown !== undefined) throw wrong(policy.model, `"${unknown}" is none of ${actions.join(', ')}, fields`)
  const rules = new Map<Action, CompiledRule>()
  for (const action of actions) {
    const rule = policy.rules[action]
    if (rule !== undefined) rules.set(action, callable(rule))
  }
  return rules
}

function fieldRulesOf({ rules: { fields = {} } }: Policy, model: Model): ReadonlyMap<string, CompiledRule> {
  const rules = new Map<string, CompiledRule>()
  for (const [name, given = {}] of Object.entries(fields)) {
    const column = model.column.get(name)
    if (column === undefined) throw wrong(model.name, `"${name}" in "fields" is none of its fields`)
    for (const [action, rule] of Object.entries(given)) {
      if (action !== 'read' && action !== 'write')
        throw wrong(model.name, `"${action}" of the field "${name}" is none of read, write`)
      // else the row's type would say that a value is there
      if (action === 'read' && !column.guarded)
        throw wrong(model.name, `to have a rule for reading, "${name}" must be guarded(…)`)
      if (rule !== undefined) rules.set(`${name} ${action}`, callable(rule))
    }
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
