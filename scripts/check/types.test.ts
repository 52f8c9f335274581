import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plant } from './plant.ts'
import { types } from './types.ts'

test('what does not compile is found on its line', async () => {
  using tree = plant({ 'packages/a.ts': `export const a: number = 1\nexport const b: number = 'two'\n` })
  const found = await tree.find(types)
  assert.equal(found.length, 1)
  assert.match(found.join(), /^packages\/a\.ts:2 TS2322: Type 'string' is not assignable to type 'number'/)
})

test('a project file that the compiler refuses is found', async () => {
  using tree = plant({ 'packages/a.ts': '', 'tsconfig.json': '{ "compilerOptions": { "strictness": 11 } }' })
  assert.match((await tree.find(types)).join(), /strictness/)
})

test('what compiles is fine', async () => {
  using tree = plant({ 'packages/a.ts': `export const a: number = 1\n` })
  assert.deepEqual(await tree.find(types), [])
})
