import type { Models } from '../data/index.ts'

/** The values of a user that the test does not care about: every required text is the name before the `@`. */
export function fillUser(
  models: Models,
  email: string,
  values: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const name = email.slice(0, email.indexOf('@'))
  const filled: Record<string, unknown> = {}
  for (const [key, { '~field': facts }] of Object.entries(models.users ?? {})) {
    if (facts.kind === 'email') filled[key] = email
    else if (facts.kind === 'text' && !facts.optional && facts.default === undefined) filled[key] = name
  }
  return { ...filled, ...values }
}
