import { appError } from './errors.ts'
import type { AppDescription } from './types.ts'

/**
 * Refuses an app in which nobody has said who may read and write a model.
 * @throws TAPRI_APP_NO_POLICY
 */
export function checkPolicies({ models, parts }: AppDescription): void {
  const judged = new Set(parts.policies.map(({ model }) => model))
  const silent = Object.keys(models).filter((name) => !judged.has(name))
  const first = silent[0]
  if (first === undefined) return
  const names = silent.map((name) => `"${name}"`).join(', ')
  const stray = [...judged].filter((name) => !Object.hasOwn(models, name)).map((name) => `"${name}"`)
  const slip = stray.length === 0 ? '' : ` (there is a policy for ${stray.join(', ')}, which is no model)`
  throw appError(
    'TAPRI_APP_NO_POLICY',
    `Cannot start: no policy says who may read and write ${names}${slip}; write policy('${first}', { … }), or policy('${first}', {}) to keep it closed`,
  )
}
