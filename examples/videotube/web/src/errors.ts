import { TapriError } from 'tapri/client'

/** One sentence for people. */
export function messageOf(error: unknown): string {
  if (error instanceof TapriError) return error.message
  if (!navigator.onLine) return 'You are offline: connect and try again'
  return error instanceof Error ? error.message : 'Something went wrong: try again'
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof TapriError ? error.code : undefined
}

/** Whether the server has looked at what was sent, and will not have it. */
export function isRefused(error: unknown): boolean {
  return error instanceof TapriError && [413, 415, 422].includes(error.status)
}

/** What is wrong with one field of a form, if the server named it. */
export function issueOf(error: unknown, field: string): string | undefined {
  if (!(error instanceof TapriError)) return undefined
  const issue = error.issues?.find(({ path }) => path.includes(field))
  return issue && `It ${issue.message}`
}

/** Whether all that is wrong is wrong with one of these fields. */
export function isShownBy(fields: readonly string[], error: unknown): boolean {
  if (!(error instanceof TapriError) || !error.issues?.length) return false
  return error.issues.every(({ path }) => path.some((step) => fields.includes(String(step))))
}
