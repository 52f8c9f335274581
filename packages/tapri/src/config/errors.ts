import { errorTable } from '../kit/errors.ts'

export const configError = errorTable({ TAPRI_CONFIG_INVALID: 500, TAPRI_CONFIG_FILE: 500 })
