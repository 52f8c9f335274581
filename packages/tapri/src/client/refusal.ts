import type { ErrorCode } from '../app/index.ts'
import { TapriError } from '../kit/errors.ts'
import type { clientError } from './errors.ts'

/** The codes that Tapri itself refuses with, on the server and in the client. */
export type KnownCode = ErrorCode | Parameters<typeof clientError>[0]

/** An error that a call ended with, and its code. */
export type Refusal<Code extends string> = TapriError & { readonly code: Code }

/**
 * Whether an error has one of these codes; without any, whether it is an answer of the app or of its client at all.
 * @example catch (error) { if (!hasCode(error, 'TAPRI_NOT_FOUND')) throw error }
 */
export function hasCode<const Code extends string = KnownCode | (string & {})>(
  error: unknown,
  ...codes: readonly (Code | KnownCode)[]
): error is Refusal<Code> {
  return error instanceof TapriError && (codes.length === 0 || codes.some((code) => code === error.code))
}
