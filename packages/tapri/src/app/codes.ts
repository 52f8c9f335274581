import type { authError } from '../auth/index.ts'
import type { dataError } from '../data/index.ts'
import type { filesError } from '../files/index.ts'
import type { httpError } from '../http/index.ts'
import type { kitError } from '../kit/errors.ts'
import type { liveError } from '../live/index.ts'
import type { appError } from './errors.ts'

type Thrower =
  | typeof appError
  | typeof authError
  | typeof dataError
  | typeof filesError
  | typeof httpError
  | typeof kitError
  | typeof liveError

/** Every code that Tapri's own errors have; see docs/errors.md. */
export type ErrorCode = Parameters<Thrower>[0] | 'TAPRI_KIT_JSON'
