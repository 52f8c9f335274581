import { errorTable } from '../kit/errors.ts'

export const clientError = errorTable({
  TAPRI_CLIENT_UNREACHABLE: 503,
  TAPRI_CLIENT_ANSWER: 502,
  TAPRI_CLIENT_ROUTE: 404,
  TAPRI_CLIENT_INPUT: 400,
  TAPRI_CLIENT_URL: 500,
  TAPRI_CLIENT_LIVE: 503,
})
