import { test } from 'node:test'

const server = process.env.TEST_MONGODB_URL

// the same properties that hold for SQLite, in a schema of this server
if (server === undefined) {
  test('MongoDB and the evaluator agree', { skip: 'set TEST_MONGODB_URL' }, () => {})
} else {
  process.env.TEST_DATABASE_URL = server
  await import('../../evaluate.test.ts')
  await import('../../aggregate.test.ts')
  await import('../../search.test.ts')
  await import('../../json.test.ts')
}
