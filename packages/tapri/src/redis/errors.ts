import { errorTable, TapriError } from '../kit/errors.ts'

export const redisError = errorTable({
  TAPRI_REDIS_LOST: 503,
  TAPRI_REDIS_REFUSED: 500,
  TAPRI_REDIS_URL: 500,
  TAPRI_REDIS_NO_SDK: 500,
})

/** Whether Redis is what failed, so that whoever can do without it goes on. */
export function isRedisError(error: unknown): boolean {
  return error instanceof TapriError && error.code.startsWith('TAPRI_REDIS_')
}
