import { test } from 'node:test'
import { dataConformance } from '../../conformance.ts'
import { scratchPostgres } from './scratch.ts'

const server = process.env.TEST_POSTGRES_URL

if (server === undefined) {
  const how = 'set TEST_POSTGRES_URL, like postgres://postgres@127.0.0.1/test, or start one with scripts/services'
  test(`PostgreSQL does what every database must do`, { skip: how }, () => {})
} else {
  dataConformance('PostgreSQL', () => scratchPostgres(server))
}
