import { errorTable } from '../kit/errors.ts'

export const testError = errorTable({
  TAPRI_TEST_NO_USERS: 500,
  TAPRI_TEST_NO_USER: 500,
})
