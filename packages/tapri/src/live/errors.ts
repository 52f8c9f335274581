import { errorTable } from '../kit/errors.ts'

export const liveError = errorTable({
  TAPRI_LIVE_ORIGIN: 403,
  TAPRI_LIVE_PROTOCOL: 400,
  TAPRI_LIVE_FRAME: 400,
  TAPRI_LIVE_ROUTE: 404,
  TAPRI_LIVE_TOO_MANY: 429,
  TAPRI_LIVE_TIMEOUT: 503,
  TAPRI_LIVE_STOPPED: 503,
})
