import { errorTable } from '../kit/errors.ts'

export const cliError = errorTable({
  TAPRI_CLI_USAGE: 500,
  TAPRI_CLI_NO_APP: 500,
  TAPRI_CLI_BACKUP: 500,
  TAPRI_CLI_MIGRATION: 500,
})
