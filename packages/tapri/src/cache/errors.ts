import { errorTable } from '../kit/errors.ts'

export const cacheError = errorTable({
  TAPRI_CACHE_URL: 500,
  TAPRI_CACHE_VALUE: 500,
  TAPRI_CACHE_TAG: 500,
})
