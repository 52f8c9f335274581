import type { TapriError } from '../../kit/errors.ts'
import type { Driver } from '../driver.ts'
import { dataError } from '../errors.ts'
import type { MigrationPlan, MigrationStep } from './state.ts'

/**
 * Applies what is safe and must be (`auto`), or nothing (`refuse`).
 * @throws TAPRI_DATA_MIGRATION listing what the models still need afterwards
 */
export async function settleMigration(plan: MigrationPlan, mode: 'auto' | 'refuse', driver: Driver, now: number): Promise<void> {
  const needed = plan.steps.filter((step) => step.needed)
  const missing = mode === 'auto' ? needed.filter((step) => !step.safe) : needed
  if (missing.length > 0) throw refusal(missing)
  await applySteps(needed, driver, now)
}

/** Applies the steps of a plan, those that lose something too: whoever gives them has agreed.
 * @throws TAPRI_DATA_MIGRATION when the data stand in the way of one */
export async function applySteps(steps: readonly MigrationStep[], driver: Driver, now: number): Promise<void> {
  const blocked = steps.filter((step) => step.blocked !== undefined)
  if (blocked.length > 0) throw refusal(blocked)
  if (steps.length === 0) return
  const actions = steps.map((step) => step.action)
  const summaries = steps.map((step) => step.summary)
  await driver.migrate(actions, summaries, now)
}

function refusal(steps: readonly MigrationStep[]): TapriError {
  const lines = steps.map((step) => `  - ${step.summary}${reasonOf(step)}`)
  const cure = steps.some((step) => step.blocked !== undefined)
    ? 'change the models or the data, then run "tapri migrate"'
    : 'run "tapri migrate" to see the plan and apply it'
  const message = `Cannot use the database: it does not fit the models, ${cure}\n${lines.join('\n')}`
  return dataError('TAPRI_DATA_MIGRATION', message, { facts: { steps: steps.map((step) => step.summary) } })
}

function reasonOf(step: MigrationStep): string {
  if (step.blocked !== undefined) return `: ${step.blocked}`
  return step.loses === undefined ? '' : ` (loses ${step.loses})`
}
