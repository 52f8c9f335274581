import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codes } from './codes.ts'
import { plant } from './plant.ts'

const errors = 'packages/tapri/src/data/errors.ts'
const table = (rows: string) =>
  `import { errorTable } from '../kit/errors.ts'\n\nexport const dataError = errorTable({\n${rows}\n})\n`
const page = (...rows: string[]) =>
  `# Errors\n\n| code | status | what happened | what to do |\n|---|---|---|---|\n${rows.join('\n')}\n`

test('codes and rows that agree are fine', async () => {
  using tree = plant({
    [errors]: table('  TAPRI_DATA_CURSOR: 400, // a comment\n  TAPRI_DATA_QUERY: 400,'),
    'docs/errors.md': page('| `TAPRI_DATA_CURSOR` | 400 | … | … |', '| `TAPRI_DATA_QUERY` | 400 | … | … |'),
  })
  assert.deepEqual(await tree.find(codes), [])
})

test('a code without a row and a row without a code are found where they stand', async () => {
  using tree = plant({
    [errors]: table('  TAPRI_DATA_CURSOR: 400,'),
    'docs/errors.md': page('| `TAPRI_DATA_GONE` | 410 | … | … |'),
  })
  assert.deepEqual(await tree.find(codes), [
    `${errors}:4 TAPRI_DATA_CURSOR (400) has no row in docs/errors.md: say what happened and what to do`,
    'docs/errors.md:5 TAPRI_DATA_GONE is in no errorTable: remove the row, or declare the code',
  ])
})

test('a status that differs is found', async () => {
  using tree = plant({
    [errors]: table('  TAPRI_DATA_CURSOR: 400,'),
    'docs/errors.md': page('| `TAPRI_DATA_CURSOR` | 422 | … | … |'),
  })
  assert.match((await tree.find(codes)).join(), /is told with status 422, .* says 400/)
})

test('a code declared or told twice is found', async () => {
  using tree = plant({
    [errors]: table('  TAPRI_X: 400,'),
    'packages/tapri/src/http/errors.ts': table('  TAPRI_X: 400,'),
    'docs/errors.md': page('| `TAPRI_X` | 400 | … | … |', '| `TAPRI_X` | 400 | … | … |'),
  })
  const found = await tree.find(codes)
  assert.equal(found.length, 2)
  assert.match(found.join('\n'), /is declared in another table already[\s\S]*is told twice/)
})
