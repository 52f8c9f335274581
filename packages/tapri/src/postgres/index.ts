export { loadPostgres, type pg } from './sdk.ts'
export { connectionSettings } from './settings.ts'
export { type PostgresUrl, readPostgresUrl } from './url.ts'
