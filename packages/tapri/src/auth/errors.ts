import { errorTable } from '../kit/errors.ts'

export const authError = errorTable({
  TAPRI_AUTH_WRONG: 401,
  TAPRI_AUTH_SESSION: 401,
  TAPRI_AUTH_EMAIL_TAKEN: 409,
  TAPRI_AUTH_TOO_MANY: 429,
  TAPRI_AUTH_BUSY: 503,
  TAPRI_AUTH_FIELDS: 500,
})
