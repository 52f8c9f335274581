import assert from 'node:assert/strict'
import { test } from 'node:test'
import { floors } from './floors.ts'
import { plant } from './plant.ts'

const rooms = 'packages/tapri/src'

test('imports that go down through doors are fine, and kit has no door', async () => {
  using tree = plant({
    [`${rooms}/kit/ids.ts`]: `import { randomFillSync } from 'node:crypto'\n`,
    [`${rooms}/data/index.ts`]: `import { text } from '../schema/index.ts'\nimport { newId } from '../kit/ids.ts'\nimport { sql } from './sql.ts'\n`,
    [`${rooms}/auth/types.ts`]: `import type { Models } from '../data/types.ts'\n`,
  })
  assert.deepEqual(await tree.find(floors), [])
})

test('an import that goes up is found, on its line', async () => {
  using tree = plant({ [`${rooms}/kit/ids.ts`]: `// ids\nimport { text } from '../schema/index.ts'\n` })
  const [found = ''] = await tree.find(floors)
  assert.match(found, /^packages\/tapri\/src\/kit\/ids\.ts:2 imports "schema", which is on a higher floor \(2\)/)
})

test('rooms of one floor do not import each other, not even types', async () => {
  using tree = plant({ [`${rooms}/data/index.ts`]: `import type { Route } from '../http/index.ts'\n` })
  assert.match((await tree.find(floors)).join(), /imports "http", which is on the same floor/)
})

test('an import spread over lines and one made at run time are found too', async () => {
  using tree = plant({
    [`${rooms}/kit/a.ts`]: `import {\n  text,\n} from '../schema/index.ts'\n`,
    [`${rooms}/kit/b.ts`]: `const data = await import('../data/index.ts')\n`,
    [`${rooms}/kit/c.ts`]: `export { text } from '../schema/index.ts'\n`,
  })
  assert.equal((await tree.find(floors)).length, 3)
})

test('what a comment or a template shows is not an import', async () => {
  using tree = plant({
    [`${rooms}/kit/a.ts`]: `/*\nimport { a } from '../app/index.ts'\n*/\nconst shown = \`\nimport { b } from '../app/index.ts'\n\`\n`,
  })
  assert.deepEqual(await tree.find(floors), [])
})

test('another room is reached through its door only', async () => {
  using tree = plant({ [`${rooms}/http/router.ts`]: `import { compileCheck } from '../schema/check.ts'\n` })
  assert.match(
    (await tree.find(floors)).join(),
    /reaches into "schema" \(\.\.\/schema\/check\.ts\): import its door, \.\.\/schema\/index\.ts/,
  )
})

test('the client may import types of app and http, and nothing else of them', async () => {
  using tree = plant({
    [`${rooms}/client/types.ts`]: `import type { App } from '../app/types.ts'\nimport type { Route } from '../http/types.ts'\n`,
    [`${rooms}/client/call.ts`]: `import { tapri } from '../app/index.ts'\n`,
  })
  const found = await tree.find(floors)
  assert.equal(found.length, 1)
  assert.match(found.join(), /call\.ts:1 imports "app"/)
})

test('a room without a floor, a public name inside and a way out of the house are found', async () => {
  using tree = plant({
    [`${rooms}/attic/index.ts`]: '',
    [`${rooms}/data/a.ts`]: `import { client } from 'tapri/client'\n`,
    [`${rooms}/data/b.ts`]: `import { run } from '../../../../scripts/run.ts'\n`,
  })
  const found = (await tree.find(floors)).join('\n')
  assert.match(found, /the room "attic" stands on no floor/)
  assert.match(found, /imports "tapri\/client" by its public name/)
  assert.match(found, /which is outside the rooms/)
})
