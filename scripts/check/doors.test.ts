import assert from 'node:assert/strict'
import { test } from 'node:test'
import { doors } from './doors.ts'
import { plant } from './plant.ts'

test('a door that exports everything is found, in each of its forms', async () => {
  using tree = plant({
    'packages/tapri/src/data/index.ts': `export { model } from './model.ts'\nexport * from './types.ts'\n`,
    'packages/tapri/src/http/index.ts': `export * as types from './types.ts'\n`,
    'packages/tapri/src/auth/index.ts': `export type * from './types.ts'\n`,
  })
  const found = await tree.find(doors)
  assert.equal(found.length, 3)
  assert.match(found.join('\n'), /data\/index\.ts:2 exports everything/)
})

test('a door that names its exports is fine, whatever its comments say', async () => {
  using tree = plant({
    'packages/tapri/src/data/index.ts': `// never\n/*\nexport * from './a.ts'\n*/\nexport { model } from './model.ts'\n`,
  })
  assert.deepEqual(await tree.find(doors), [])
})
