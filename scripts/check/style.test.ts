import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plant } from './plant.ts'
import { style } from './style.ts'

test('what Biome would lint or format is found', async () => {
  using tree = plant({
    'packages/a.ts': `export const a = 'x'\n`,
    'packages/b.ts': `export const b = "x";\n`,
    'packages/c.ts': `export function c(value: string | undefined) {\n  return value!.length\n}\n`,
  })
  const found = await tree.find(style)
  assert.ok(found.includes('packages/b.ts:1 is not formatted: run npm run format'))
  assert.match(found.join('\n'), /packages\/c\.ts:2 .*noNonNullAssertion/)
  assert.doesNotMatch(found.join('\n'), /packages\/a\.ts/)
})
