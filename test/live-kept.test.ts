import assert from 'node:assert/strict'
import { test } from 'node:test'
import { followAll } from './live-kept.fixture.ts'

const servers = {
  SQLite: '',
  PostgreSQL: 'TEST_POSTGRES_URL',
  MariaDB: 'TEST_MARIADB_URL',
  MySQL: 'TEST_MYSQL_URL',
  MongoDB: 'TEST_MONGODB_URL',
}

// FIRST_SEED=7 looks somewhere else
const seed = Number(process.env.FIRST_SEED ?? 1)

for (const [name, variable] of Object.entries(servers)) {
  const url = name === 'SQLite' ? 'sqlite::memory:' : process.env[variable]
  const claim = `what live queries keep of ${name} equals a fresh read after each generated commit, and each change is told`
  test(claim, { skip: url === undefined && `set ${variable}` }, async () => {
    const { compared, spared } = await followAll(url ?? '', { seed, rounds: name === 'SQLite' ? 6 : 2 })
    assert.ok(spared > compared / 2, `${spared} of ${compared} answers were made without the database`)
  })
}
