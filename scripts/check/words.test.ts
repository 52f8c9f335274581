import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plant } from './plant.ts'
import { words } from './words.ts'

const forbidden = { forbidden: ['LATER', 'check.only'] }

test('a forbidden word is found wherever it stands', async () => {
  using tree = plant(
    { 'scripts/a.mjs': '// LATER: mend\n', 'packages/b.ts': '\ncheck.only("x")\n', 'docs/c.md': 'Come back LATER.\n' },
    forbidden,
  )
  assert.deepEqual(await tree.find(words), [
    'docs/c.md:1 says "LATER": do it now, or leave it out',
    'packages/b.ts:2 says "check.only": do it now, or leave it out',
    'scripts/a.mjs:1 says "LATER": do it now, or leave it out',
  ])
})

test('a longer word, and one in lower case, is another word', async () => {
  using tree = plant({ 'scripts/a.ts': 'const LATERAL = later\nconst checkXonly = 1\n' }, forbidden)
  assert.deepEqual(await tree.find(words), [])
})
