import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Contest, compete, competeApart, openContest } from './contest.fixture.ts'
import { type Scratch, scratchDatabase } from './index.ts'

const places: Readonly<Record<string, () => Promise<Scratch> | undefined>> = {
  SQLite: scratchFile,
  PostgreSQL: () => onServer('TEST_POSTGRES_URL'),
  MariaDB: () => onServer('TEST_MARIADB_URL'),
  MySQL: () => onServer('TEST_MYSQL_URL'),
  MongoDB: () => onServer('TEST_MONGODB_URL'),
}

async function scratchFile(): Promise<Scratch> {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-'))
  return { url: `sqlite:${folder}/app.db?synchronous=off`, dispose: () => rm(folder, { recursive: true }) }
}

function onServer(variable: string): Promise<Scratch> | undefined {
  const url = process.env[variable]
  return url === undefined ? undefined : scratchDatabase(url)
}

type Opened = Awaited<ReturnType<typeof openContest>>
type Run = (contest: Contest) => Promise<string[]>

/** Claims hold on each database, whether one process works or several. */
function claim(text: string, check: (system: Opened['system'], run: Run) => Promise<void>): void {
  for (const [name, place] of Object.entries(places)) {
    for (const apart of [false, true]) {
      test(`${name}, ${apart ? 'processes apart' : 'one process'}: ${text}`, async (t) => {
        const scratch = await place()
        if (scratch === undefined) return t.skip(`no ${name} in the environment`)
        try {
          const { database, system } = await openContest(scratch.url)
          try {
            await check(system, (contest) => (apart ? competeApart(scratch.url, contest) : compete(system, contest)))
          } finally {
            await database.close()
          }
        } finally {
          await scratch.dispose()
        }
      })
    }
  }
}

const all = (outcomes: readonly string[], outcome: string) => outcomes.filter((each) => each === outcome).length

claim('of transactions that read a row and then write it none is lost', async (system, run) => {
  await system.counters.create({})
  const outcomes = await run({ name: 'readAndWrite', workers: 2, rounds: 30 })
  assert.equal(all(outcomes, 'done'), 60)
  assert.equal((await system.counters.first())?.number, 60)
})

claim('1,000 additions at once add exactly 1,000', async (system, run) => {
  await system.counters.create({})
  const outcomes = await run({ name: 'add', workers: 2, rounds: 500 })
  assert.equal(all(outcomes, 'done'), 1000)
  assert.equal((await system.counters.first())?.number, 1000)
})

claim('two that each rely on what the other changes do not both pass', async (system, run) => {
  const shifts = Array.from({ length: 15 }, (_, shift) => [{ shift }, { shift }]).flat()
  await system.doctors.createMany(shifts)
  const outcomes = await run({ name: 'leave', workers: 2, rounds: 15 })
  assert.equal(all(outcomes, 'done'), 30)
  const groups = await system.doctors.groupBy({ by: ['shift'], where: { onCall: true }, count: true })
  assert.deepEqual(
    groups,
    Array.from({ length: 15 }, (_, shift) => ({ shift, count: 1 })),
  )
})

claim('of those who want one unique value exactly one gets it', async (system, run) => {
  const outcomes = await run({ name: 'take', workers: 3, rounds: 20 })
  assert.equal(all(outcomes, 'done'), 20)
  assert.equal(all(outcomes, 'TAPRI_DATA_NOT_UNIQUE'), 40)
  assert.equal(await system.names.count(), 20)
})

claim('transactions that change the same rows in opposite orders all end', async (system, run) => {
  await system.counters.createMany([{}, {}, {}])
  const outcomes = await run({ name: 'cross', workers: 2, rounds: 15 })
  assert.equal(all(outcomes, 'done'), 30)
  assert.deepEqual(
    (await system.counters.find()).map(({ number }) => number),
    [30, 30, 30],
  )
})

claim('a row that is deleted while another comes to name it leaves no orphan', async (system, run) => {
  await system.parents.createMany(Array.from({ length: 20 }, (_, number) => ({ number })))
  const outcomes = await run({ name: 'orphan', workers: 3, rounds: 20 })
  assert.ok(outcomes.every((outcome) => ['done', 'TAPRI_DATA_NO_SUCH_ROW', 'TAPRI_NOT_FOUND'].includes(outcome)))
  assert.deepEqual([await system.parents.count(), await system.children.count()], [0, 0])
})
