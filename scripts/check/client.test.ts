import assert from 'node:assert/strict'
import { test } from 'node:test'
import { client } from './client.ts'
import { plant } from './plant.ts'

test('a client that is larger than its budgets is found, at first and as a whole', async () => {
  using tree = plant({}, { clientBytes: { first: 10, whole: 20 } })
  const found = await tree.find(client)
  assert.match(found[0] ?? '', /the client weighs [1-9]\d{3} bytes \(first\), 10 are allowed: load what few pages need/)
  assert.match(found[1] ?? '', /the client weighs \d{5} bytes \(whole\), 20 are allowed: find what grew/)
})

test('one that keeps to them is not', async () => {
  using fitting = plant({}, { clientBytes: { first: 100_000, whole: 100_000 } })
  assert.deepEqual(await fitting.find(client), [])
})
