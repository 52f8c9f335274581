import type { Clock } from '../../kit/clock.ts'
import { TapriError } from '../../kit/errors.ts'
import type { Driver } from '../driver.ts'
import { dataError } from '../errors.ts'
import { describe } from './describe.ts'
import { isDone } from './fold.ts'
import type { FileMark } from './record.ts'
import type { MigrationAction, MigrationPlan, MigrationStep } from './state.ts'
import { Walk } from './walk.ts'

const mostTries = 10
const pause = 1000

/**
 * Works while nobody else writes or migrates. Who waits too long for a lock lets go of all, so that the app is not kept
 * waiting behind it, and tries again.
 * @throws TAPRI_DATA_BUSY after the last try
 */
export async function patiently<T>(work: () => Promise<T>, clock: Clock): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (tries === mostTries || !(error instanceof TapriError && error.code === 'TAPRI_DATA_BUSY')) throw error
      await new Promise<void>((resolve) => clock.after(pause, resolve))
    }
  }
}

/**
 * Applies what is safe and must be (`auto`), or nothing (`refuse`); answers what it applied.
 * @throws TAPRI_DATA_MIGRATION listing what the models still need afterwards
 */
export async function settleMigration(
  plan: MigrationPlan,
  mode: 'auto' | 'refuse',
  driver: Driver,
  now: number,
): Promise<readonly MigrationStep[]> {
  const needed = plan.steps.filter((step) => step.needed)
  const missing = mode === 'auto' ? needed.filter((step) => !step.safe) : needed
  if (missing.length > 0) throw refusal(missing)
  return applySteps(needed, driver, now)
}

/**
 * Applies steps, those that lose something too: whoever gives them has agreed. What is done already, by another node or
 * an earlier run, is left out; answers the others.
 * @throws TAPRI_DATA_MIGRATION when the data stand in the way of one
 */
export async function applySteps(
  steps: readonly MigrationStep[],
  driver: Driver,
  now: number,
  file?: FileMark,
): Promise<readonly MigrationStep[]> {
  const walk = new Walk(driver, await driver.tables())
  const left: MigrationStep[] = []
  const blocked: MigrationStep[] = []
  for (const step of steps) {
    if (isDone(walk.tables, step.action)) continue
    const reason = await walk.obstacle(step.action)
    if (reason !== undefined) blocked.push({ ...step, blocked: reason })
    walk.take(step.action)
    left.push(step)
  }
  if (blocked.length > 0) throw refusal(blocked)
  if (left.length === 0 && file === undefined) return left
  const actions = left.map((step) => step.action)
  const summaries = left.map((step) => step.summary)
  await explained(actions, () => driver.migrate(actions, summaries, now, file))
  return left
}

/** Says of what the database refuses, and nobody foresaw, that it was the migration. */
async function explained(actions: readonly MigrationAction[], work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    if (cause instanceof TapriError || !(cause instanceof Error)) throw cause
    const steps = actions.map(describe)
    throw dataError('TAPRI_DATA_MIGRATION', `Cannot migrate (${steps.join('; ')}): ${cause.message}`, { cause, facts: { steps } })
  }
}

interface LiveRun {
  readonly driver: Driver
  readonly clock: Clock
  exclusive<T>(work: () => Promise<T>): Promise<T>
}

/** Makes the indexes that were left for last, one by one: each may take long, and what is made stays. */
export async function applyLive(steps: readonly MigrationStep[], { driver, clock, exclusive }: LiveRun): Promise<void> {
  for (const { action, summary } of steps) {
    if (action.kind !== 'add index' || isDone(await driver.tables(), action)) continue
    await driver.addIndexLive?.(action.table, action.index)
    await exclusive(() => driver.migrate([], [summary], clock.now()))
  }
  await driver.settleMigration?.()
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
  const hint = step.hint === undefined ? '' : ` (${step.hint})`
  if (step.blocked !== undefined) return `: ${step.blocked}${hint}`
  return step.loses === undefined ? hint : ` (loses ${step.loses})${hint}`
}
