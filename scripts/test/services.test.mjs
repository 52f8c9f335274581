import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { wantsServices } from './services.mjs'

const asking = ['findService', "('mysql')"].join('')

test('databases are wanted by a test file that asks for one, itself or through its fixtures', () => {
  const files = {
    'plain.test.ts': `import { a } from './other.ts'\n`,
    'asks.test.ts': `const mysql = await ${asking}\n`,
    'far.test.ts': `import { open } from './near.fixture.ts'\n`,
    'near.fixture.ts': `import { each } from './each.fixture.ts'\n`,
    'each.fixture.ts': `import { one } from './near.fixture.ts'\nawait ${asking}\n`,
  }
  withFiles(files, (folder) => {
    assert.equal(wantsServices(folder, ['plain.test.ts']), false)
    assert.equal(wantsServices(folder, ['plain.test.ts', 'asks.test.ts']), true)
    assert.equal(wantsServices(folder, ['far.test.ts']), true)
  })
})

function withFiles(files, use) {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-wants-'))
  try {
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
    return use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
