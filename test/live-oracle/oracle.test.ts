import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { bugs } from './bugs.fixture.ts'
import { World } from './world.fixture.ts'

// SEEDS=100 STEPS=200 runs long; a failure says with which FIRST_SEED it runs again alone
const seeds = Number(process.env.SEEDS ?? 1)
const first = Number(process.env.FIRST_SEED ?? 1)
const steps = Number(process.env.STEPS ?? 50)

const servers = {
  SQLite: 'sqlite:',
  PostgreSQL: process.env.TEST_POSTGRES_URL,
  MySQL: process.env.TEST_MYSQL_URL,
  MariaDB: process.env.TEST_MARIADB_URL,
  MongoDB: process.env.TEST_MONGODB_URL,
}

/** No seed needs as many milliseconds: one that does hangs. */
const longest = 240_000

// most of the time they wait for each other's processes
suite('through bad lines, killed nodes and restarts everybody is shown what HTTP answers, and nothing that was not so', {
  concurrency: 5,
  timeout: seeds * 5 * longest,
}, () => {
  for (let seed = first; seed < first + seeds; seed++) {
    for (const [name, server] of Object.entries(servers)) {
      const skip = server === undefined ? `${name} is not there: npm run services tells how to get it` : false
      test(`${name}, seed ${seed}`, { skip, timeout: 2 * longest }, async (t) => {
        const checks = await live(server ?? '', seed)
        t.diagnostic(`${checks} answers were compared`)
      })
    }
  }

  for (const bug of Object.keys(bugs)) {
    test(`it is found when ${bug}`, { timeout: 5 * longest, skip: seeds > 1 && 'one seed is enough for it' }, async () => {
      for (let seed = 1; seed <= mostTries; seed++) {
        const isFound = await live('sqlite:', seed, bug).then(
          () => false,
          () => true,
        )
        if (isFound) return
      }
      assert.fail(`${mostTries} seeds did not find it`)
    })
  }
})

const mostTries = 5

/** How many answers were compared. */
async function live(server: string, seed: number, bug?: string): Promise<number> {
  const world = await World.open(server, seed, bug)
  const hanging = Promise.withResolvers<never>()
  const timer = setTimeout(() => hanging.reject(new Error('It hangs')), longest)
  try {
    // what is planted shows sooner
    await Promise.race([act(world, bug === undefined ? steps : 25), hanging.promise])
    return world.checks
  } catch (cause) {
    const said = world.complaints.slice(-8).map((each) => each.slice(0, 700))
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error([`${server}, seed ${seed} (FIRST_SEED=${seed} SEEDS=1): ${why}`, ...said].join('\n'), { cause })
  } finally {
    clearTimeout(timer)
    await world.close()
  }
}

async function act(world: World, steps: number): Promise<void> {
  for (let step = 0; step < steps; step++) {
    await world.act()
    if (step === 30) await world.roll()
  }
  await world.judge()
}
