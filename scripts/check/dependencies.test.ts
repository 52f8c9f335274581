import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dependencies } from './dependencies.ts'
import { plant } from './plant.ts'

const manifest = (wanted: Record<string, string>) => JSON.stringify({ dependencies: wanted })
const page = (...rows: string[]) => `| package | why it | licence | upkeep |\n|---|---|---|---|\n${rows.join('\n')}\n`
const installed = { 'node_modules/ws/package.json': '{ "license": "MIT" }' }

test('a package that is told with its licence is fine, and our own needs no row', async () => {
  using tree = plant({
    ...installed,
    'package.json': manifest({ ws: '8.0.0' }),
    'examples/a/package.json': manifest({ tapri: '0.1.0' }),
    'docs/dependencies.md': page('| `ws` | sockets | MIT | kept |'),
  })
  assert.deepEqual(await tree.find(dependencies), [])
})

test('a package without a row and a row without a package are found', async () => {
  using tree = plant({
    'packages/tapri/package.json': manifest({ mime: '4.0.0' }),
    'docs/dependencies.md': page('| `left` | why | MIT | gone |'),
  })
  const found = (await tree.find(dependencies)).join('\n')
  assert.match(found, /packages\/tapri\/package\.json:1 depends on "mime", which has no row/)
  assert.match(found, /docs\/dependencies\.md:3 tells of "left", which nothing depends on/)
})

test('a licence that is not the package’s own is found', async () => {
  using tree = plant({
    ...installed,
    'package.json': manifest({ ws: '8.0.0' }),
    'docs/dependencies.md': page('| `ws` | sockets | ISC | kept |'),
  })
  assert.deepEqual(await tree.find(dependencies), [
    'docs/dependencies.md:3 says that "ws" is under ISC, its package says MIT: correct the row',
  ])
})

test('a version that is not pinned, and a script at install, are found', async () => {
  using tree = plant({
    'package.json': manifest({ ws: '^8.0.0' }),
    'package-lock.json': JSON.stringify({ packages: { 'node_modules/bcrypt': { hasInstallScript: true } } }),
    'docs/dependencies.md': page('| `ws` | sockets | MIT | kept |'),
  })
  const found = (await tree.find(dependencies)).join('\n')
  assert.match(found, /asks for "ws" as "\^8\.0\.0": pin one exact version/)
  assert.match(found, /"node_modules\/bcrypt" runs a script at install/)
})
