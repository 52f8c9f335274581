import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lines } from './lines.ts'
import { plant } from './plant.ts'

const long = (count: number) => `${Array.from({ length: count }, (_, index) => `const line${index} = ${index}`).join('\n')}\n`

test('a file over the cap is refused, one over the aim is only told of', async () => {
  using tree = plant({ 'scripts/a.ts': long(401), 'bench/b.mjs': long(151), 'test/c.ts': long(150) })
  assert.deepEqual(await tree.find(lines), [
    'warning bench/b.mjs:151 has 151 lines, the aim is 150',
    'scripts/a.ts:401 has 401 lines, at most 400 are allowed: give each idea its own file',
  ])
})

test('a test has no aim, and a cap of its own', async () => {
  using tree = plant({ 'scripts/a.test.ts': long(600), 'scripts/b.test.ts': long(601) })
  assert.deepEqual(await tree.find(lines), [
    'scripts/b.test.ts:601 has 601 lines, at most 600 are allowed: give each idea its own file',
  ])
})
