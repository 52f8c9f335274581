import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Database, openDatabase } from '../../packages/tapri/src/data/index.ts'
import { silentLog } from '../../packages/tapri/src/observe/index.ts'
import { bugs } from './bugs.fixture.ts'
import { models, policies } from './club.fixture.ts'
import { tell } from './story.fixture.ts'

const seeds = Number(process.env.SEEDS ?? (process.env.CI === undefined ? 250 : 2000))
const first = Number(process.env.FIRST_SEED ?? 1)

let database: Database

before(async () => {
  database = await openDatabase({ models, policies, url: 'sqlite::memory:', log: silentLog, migrate: 'auto' })
})
after(() => database.close())

/** So many in one test, which has to end in its time. */
const together = 250

for (let start = first; start < first + seeds; start += together) {
  const end = Math.min(start + together, first + seeds)
  test(`stories ${start} to ${end - 1} of lag, cuts, crashes, forgotten logs and restores: every answer is right at its token`, async (t) => {
    let checks = 0
    for (let seed = start; seed < end; seed++) {
      try {
        checks += await tell(seed, database)
      } catch (cause) {
        throw new Error(`seed ${seed}: ${cause instanceof Error ? cause.message : cause}`, { cause })
      }
    }
    t.diagnostic(`${checks} answers were compared`)
  })
}

for (const [name, { plant, change }] of Object.entries(bugs)) {
  test(`the stories find it when ${name}`, async (t) => {
    const mend = plant?.()
    try {
      const found = await storyThatFails(change)
      assert.notEqual(found, undefined, `${mostTold} stories did not`)
      t.diagnostic(`found by story ${found}`)
    } finally {
      mend?.()
    }
  })
}

const mostTold = 300

async function storyThatFails(change: (typeof bugs)[string]['change']): Promise<number | undefined> {
  for (let seed = 1; seed <= mostTold; seed++) {
    try {
      await tell(seed, database, change)
    } catch (error) {
      // a story that could not be told to its end is no judgement
      if (!(error instanceof assert.AssertionError)) throw error
      return seed
    }
  }
  return undefined
}
