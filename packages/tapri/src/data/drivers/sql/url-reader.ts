import type { UrlReader } from '../../../kit/server-url.ts'
import { dataError } from '../../errors.ts'

/** Reads URLs of databases: what is wrong with one is TAPRI_DATA_URL. */
export const urlReader: UrlReader = {
  opens: 'database',
  refuse: (message, options) => dataError('TAPRI_DATA_URL', message, options),
}
