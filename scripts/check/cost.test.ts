import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cost } from './cost.ts'
import { plant } from './plant.ts'

test('a route that costs more than the budget is found', async () => {
  using tree = plant({}, { instantiationsPerRoute: 10 })
  assert.match((await tree.find(cost)).join(), /a route costs \d+ type instantiations, the budget is 10/)
})
