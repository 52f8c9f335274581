import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packages } from './packages.ts'
import { plant } from './plant.ts'

const rooms = 'packages/tapri/src'

test('a package that two files import is found in the second, types and subpaths count', async () => {
  using tree = plant({
    [`${rooms}/data/a.ts`]: `import { Kysely } from 'kysely'\n`,
    [`${rooms}/data/b.ts`]: `import type { Kysely } from 'kysely'\n`,
    [`${rooms}/auth/a.ts`]: `import { hash } from '@node-rs/argon2'\n`,
    [`${rooms}/auth/b.ts`]: `const argon = await import('@node-rs/argon2/browser')\n`,
  })
  const found = await tree.find(packages)
  assert.equal(found.length, 2)
  assert.match(
    found.join('\n'),
    /auth\/b\.ts:1 imports "@node-rs\/argon2", which packages\/tapri\/src\/auth\/a\.ts imports already/,
  )
  assert.match(found.join('\n'), /data\/b\.ts:1 imports "kysely"/)
})

test('tests may import what they like, and Node is no third party', async () => {
  using tree = plant({
    [`${rooms}/live/socket.ts`]: `import { WebSocketServer } from 'ws'\nimport { once } from 'node:events'\n`,
    [`${rooms}/live/socket.test.ts`]: `import { WebSocket } from 'ws'\n`,
    [`${rooms}/live/other.ts`]: `import { on } from 'node:events'\n`,
  })
  assert.deepEqual(await tree.find(packages), [])
})

test('a module of Node without its prefix is found', async () => {
  using tree = plant({ [`${rooms}/kit/a.ts`]: `import { join } from 'path'\n` })
  assert.match((await tree.find(packages)).join(), /imports "path": write "node:path"/)
})
