import { errorTable } from '../kit/errors.ts'

export const busError = errorTable({
  TAPRI_BUS_URL: 500,
  TAPRI_BUS_FOLDER: 500,
  TAPRI_BUS_NO_SDK: 500,
  TAPRI_BUS_TOPIC: 500,
  TAPRI_BUS_TEXT: 500,
  TAPRI_BUS_LOST: 503,
  TAPRI_BUS_FULL: 503,
  TAPRI_BUS_REFUSED: 500,
  TAPRI_BUS_CLOSED: 503,
})
