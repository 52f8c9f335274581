import { planMigration } from '../app/index.ts'
import { loadApp } from './entry.ts'
import { cliError } from './errors.ts'

/** `tapri migrate [apply] [--allow-loss]`: shows, or takes, the steps from the database as it is to the models. */
export async function migrate(words: readonly string[]): Promise<void> {
  const apply = words.includes('apply')
  const allowLoss = words.includes('--allow-loss')
  const odd = words.find((word) => word !== 'apply' && word !== '--allow-loss')
  if (odd !== undefined) throw cliError('TAPRI_CLI_USAGE', `Cannot run "tapri migrate ${odd}": there is apply and --allow-loss`)

  await using migration = await planMigration(await loadApp())
  const { steps } = migration.plan
  if (steps.length === 0) return console.log('The database is as the models ask: nothing to do')
  for (const step of steps) {
    console.log(`${step.safe ? '  ' : '! '}${step.summary}${step.loses === undefined ? '' : ` (loses ${step.loses})`}`)
  }
  if (!apply) return console.log('\nRun "tapri migrate apply" to do this')
  await migration.apply({ allowLoss })
  console.log(`\nDone: ${steps.length} ${steps.length === 1 ? 'step' : 'steps'}`)
}
