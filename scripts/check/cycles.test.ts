import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cycles } from './cycles.ts'
import { plant } from './plant.ts'

const room = 'packages/tapri/src/data'

test('files that import each other in a ring are found, once, with the way round', async () => {
  using tree = plant({
    [`${room}/a.ts`]: `import { b } from './b.ts'\n`,
    [`${room}/b.ts`]: `import { c } from './deep/c.ts'\n`,
    [`${room}/deep/c.ts`]: `import { a } from '../a.ts'\n`,
  })
  const found = await tree.find(cycles)
  assert.equal(found.length, 1)
  assert.match(found.join(), new RegExp(`imports itself: ${room}/a.ts → ${room}/b.ts → ${room}/deep/c.ts → ${room}/a.ts`))
})

test('two ways to one file, and types in a ring, are no ring', async () => {
  using tree = plant({
    [`${room}/a.ts`]: `import { b } from './b.ts'\nimport { c } from './c.ts'\n`,
    [`${room}/b.ts`]: `import { c } from './c.ts'\n`,
    [`${room}/c.ts`]: `import type { a } from './a.ts'\n`,
  })
  assert.deepEqual(await tree.find(cycles), [])
})
