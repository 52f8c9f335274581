import { appError } from './errors.ts'
import type { Settings } from './settings.ts'

/** Characters that each secret has at least: an empty one, after a stray comma, would be known to everybody. */
const shortest = 32

/**
 * The secrets of APP_SECRET: the first signs, the others, behind commas, are still believed.
 * @throws TAPRI_APP_SECRET when one of them is too short
 */
export function secretsOf({ APP_SECRET: text }: Pick<Settings, 'APP_SECRET'>): readonly string[] {
  const secrets = text?.split(',').map((secret) => secret.trim()) ?? []
  for (const [at, { length }] of secrets.entries()) {
    if (length >= shortest) continue
    const which = secrets.length === 1 ? 'it' : `entry ${at + 1} of the ${secrets.length} between its commas`
    throw appError(
      'TAPRI_APP_SECRET',
      `Cannot use APP_SECRET: ${which} has ${length} characters, each must have ${shortest} or more`,
    )
  }
  return secrets
}
