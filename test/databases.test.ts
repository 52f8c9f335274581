import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

/** What a whole app is expected to do, whatever keeps its rows: these files run as they are on each server. */
const files = [
  'test/app.test.ts',
  'test/bad-input.test.ts',
  'test/fields.test.ts',
  'test/test-app.test.ts',
  'test/uploads.test.ts',
  'test/uploads-rules.test.ts',
  'examples/videotube/test/channels.test.ts',
  'examples/videotube/test/live.test.ts',
  'examples/videotube/test/policies.test.ts',
  'examples/videotube/test/videos.test.ts',
]
const root = fileURLToPath(new URL('..', import.meta.url))
const servers = {
  PostgreSQL: process.env.TEST_POSTGRES_URL,
  MariaDB: process.env.TEST_MARIADB_URL,
  MySQL: process.env.TEST_MYSQL_URL,
  MongoDB: process.env.TEST_MONGODB_URL,
}

for (const [name, url] of Object.entries(servers)) {
  const skip = url === undefined ? `${name} is not there: npm run services tells how to get it` : false
  test(`apps and VideoTube do the same on ${name}, by DATABASE_URL alone`, { skip, timeout: 600_000 }, async () => {
    const { code, output } = await runTests(url ?? '')
    assert.equal(code, 0, output)
    assert.match(output, /^# pass [1-9]/m)
  })
}

function runTests(database: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env
  const args = ['--test', '--test-reporter=tap', '--test-timeout=120000', ...files]
  const child = spawn(process.execPath, args, { cwd: root, env: { ...environment, TEST_DATABASE_URL: database } })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    output += chunk
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })))
}
