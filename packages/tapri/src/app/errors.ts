import { errorTable } from '../kit/errors.ts'

export const appError = errorTable({
  TAPRI_APP_NO_POLICY: 500,
  TAPRI_APP_NO_USERS: 500,
  TAPRI_APP_SIGN_IN: 401,
  TAPRI_APP_NOT_LIVE: 422,
  TAPRI_APP_MIGRATION_LOSS: 500,
})
