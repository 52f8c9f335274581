/** One thing that is wrong in one place of an input. `path` is like `['tags', 2]`. */
export interface Issue {
  readonly path: readonly (string | number)[]
  readonly message: string
}

export interface ErrorOptions {
  /** The HTTP status that a caller is answered with. */
  readonly status?: number
  readonly cause?: unknown
  /** Values for the log and for programs; shown to the caller too, so never a secret. */
  readonly facts?: Readonly<Record<string, unknown>>
  readonly issues?: readonly Issue[]
}

/**
 * The one error class: a code for programs, a sentence for people, a status for HTTP.
 * @example throw new TapriError('CLUB_FULL', 'Cannot join "chess": it has 12 of 12 members', { status: 409 })
 */
export class TapriError extends Error {
  readonly code: string
  readonly status: number
  readonly facts: Readonly<Record<string, unknown>> | undefined
  readonly issues: readonly Issue[] | undefined

  constructor(code: string, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'TapriError'
    this.code = code
    this.status = options.status ?? 500
    this.facts = options.facts
    this.issues = options.issues
  }
}

/** Makes errors of one room: its table says each code's status. */
export function errorTable<Code extends `TAPRI_${string}`>(table: Readonly<Record<Code, number>>) {
  return (code: Code, message: string, options: ErrorOptions = {}): TapriError =>
    new TapriError(code, message, { ...options, status: options.status ?? table[code] })
}

const fail = errorTable({
  TAPRI_INTERNAL: 500,
  TAPRI_NOT_FOUND: 404,
  TAPRI_DENIED: 403,
  TAPRI_INVALID: 422,
  TAPRI_KIT_DECIMAL: 500,
  TAPRI_KIT_FILE: 500,
})

export { fail as kitError }

/**
 * The error for something that the caller may not do; answered with status 403.
 * @example if (!user.admin) throw deny('Only an administrator can close the club')
 */
export function deny(message: string): TapriError {
  return fail('TAPRI_DENIED', message)
}

/**
 * The error for something that is not there, or not there for this caller; answered with status 404.
 * @example throw notFound('No club is called "chess"')
 */
export function notFound(message: string): TapriError {
  return fail('TAPRI_NOT_FOUND', message)
}

/**
 * The error for an input that cannot be accepted; answered with status 422 and every issue.
 * @example throw invalid([{ path: ['ends'], message: 'must be after starts' }])
 */
export function invalid(issues: readonly Issue[], of = 'input'): TapriError {
  const first = issues[0]
  const where = first === undefined ? '' : `: ${formatPath(first.path)} ${first.message}`
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''
  return fail('TAPRI_INVALID', `Cannot accept the ${of}${where}${more}`, { issues })
}

/** `['tags', 2, 'name']` as `tags[2].name`. */
export function formatPath(path: readonly (string | number)[]): string {
  let text = ''
  for (const step of path) text += typeof step === 'number' ? `[${step}]` : text === '' ? step : `.${step}`
  return text === '' ? 'it' : text
}
