import { test } from 'node:test'
import { dataConformance } from '../../conformance.ts'
import { scratchMongo } from './scratch.ts'

const server = process.env.TEST_MONGODB_URL

if (server === undefined) {
  const how = 'set TEST_MONGODB_URL, like mongodb://127.0.0.1/test?replicaSet=rs0, or start one with scripts/services'
  test(`MongoDB does what every database must do`, { skip: how }, () => {})
} else {
  dataConformance('MongoDB', () => scratchMongo(server))
}
