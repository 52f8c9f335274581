import assert from 'node:assert/strict'
import { StatementSync } from 'node:sqlite'
import { test } from 'node:test'
import { agree } from './equivalence.fixture.ts'

const servers = {
  PostgreSQL: 'TEST_POSTGRES_URL',
  MariaDB: 'TEST_MARIADB_URL',
  MySQL: 'TEST_MYSQL_URL',
  MongoDB: 'TEST_MONGODB_URL',
}

// FIRST_SEED=7 looks somewhere else
const seed = Number(process.env.FIRST_SEED ?? 1)

// `npm run equivalence` compares as many as you like
test('SQLite and the evaluator agree on generated models, rows, questions and transactions', async () => {
  assert.equal((await agree({ url: 'sqlite::memory:', comparisons: 6000, seed })).disagreed, 0)
})

for (const [name, variable] of Object.entries(servers)) {
  const url = process.env[variable]
  const claim = `${name} and the evaluator agree on generated models, rows, questions and transactions`
  test(claim, { skip: url === undefined && `set ${variable}` }, async () => {
    assert.equal((await agree({ url: url ?? '', comparisons: 1000, seed })).disagreed, 0)
  })
}

test('a database that loses a row now and then is found out, and the smallest case is told', async (t) => {
  const { all } = StatementSync.prototype
  t.mock.method(StatementSync.prototype, 'all', function (this: StatementSync, ...values: any) {
    const rows = all.apply(this, values)
    return rows.length === 3 ? rows.slice(1) : rows
  })
  const told: string[] = []
  const tell = (text: string) => told.push(text)
  const { disagreed } = await agree({ url: 'sqlite::memory:', comparisons: 500, seed: 1, shrinking: 1000, tell })
  assert.notEqual(disagreed, 0)
  assert.match(told.join('\n'), /^Disagreed with seed \d+: .*is answered.*and should be/s)
})
