import { authModels } from '../auth/index.ts'
import { type MigrationPlan, type Migrations, openDatabase } from '../data/index.ts'
import { fileModels } from '../files/index.ts'
import { channelModels } from '../live/index.ts'
import { checkParts } from './check.ts'
import { appError } from './errors.ts'
import { hasChannels, policiesOf } from './part.ts'
import { readAll } from './settings.ts'
import type { AppDescription } from './types.ts'

/** What the models ask of the database, and the way to do it. */
export interface Migration extends AsyncDisposable {
  readonly plan: MigrationPlan
  /** @throws TAPRI_APP_MIGRATION_LOSS when a step loses data and that was not allowed */
  apply(options: { readonly allowLoss: boolean }): Promise<void>
  /** Migration files, and how the database stands to them. */
  readonly migrations: Migrations
}

/** The tables of Tapri itself beside those of the app. */
export function internalModels(description: AppDescription) {
  return {
    ...fileModels,
    ...(Object.hasOwn(description.models, 'users') && authModels),
    ...(hasChannels(description) && channelModels),
  }
}

/**
 * Compares the app's models with its database, without starting the app.
 * @throws TAPRI_APP_NAME_TWICE, TAPRI_APP_MISSING, TAPRI_APP_RING and what the database throws
 * @example await using migration = await planMigration(app.description); await migration.apply({ allowLoss: false })
 */
export async function planMigration(description: AppDescription): Promise<Migration> {
  checkParts(description)
  const settings = readAll(description.settings, process.env, '.env')
  const database = await openDatabase({
    models: description.models,
    internal: internalModels(description),
    policies: policiesOf(description),
    url: settings.DATABASE_URL,
    migrate: 'plan',
  })
  const plan = await database.plan()
  return {
    plan,
    migrations: database.migrations,
    async apply({ allowLoss }) {
      const losing = plan.steps.filter((step) => step.loses !== undefined)
      if (losing.length > 0 && !allowLoss) {
        const summaries = losing.map((step) => step.summary).join('; ')
        throw appError(
          'TAPRI_APP_MIGRATION_LOSS',
          `Cannot apply the migration: ${summaries}; add --allow-loss to do it all the same`,
        )
      }
      await database.migrate(plan)
    },
    [Symbol.asyncDispose]: () => database.close(),
  }
}
