import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from 'tapri/data'
import { openDriver } from '../../packages/tapri/src/data/drivers/open.ts'
import { openDatabaseBy } from '../../packages/tapri/src/data/open.ts'
import { type Entrant, median, type Race, race, timeRatio } from './race.ts'
import { fill, optionsOf, tapri } from './tapri.ts'
import { postValues } from './work.ts'

type Rounds = Omit<Race, 'callers'>

const together = 64

/** Durable inserts on SQLite per second: one after another, 64 at a time, and the median gain over the rounds. */
export function groupCommitGain(how: Rounds): Promise<{ alone: number; together: number; gain: number }> {
  return withFolder(async (folder) => {
    const inserting = await insertingInto('app', folder, openDriver)
    const rates = { alone: [] as number[], together: [] as number[] }
    try {
      for (let round = 0; round < how.rounds; round++) {
        for (const [kind, callers] of [
          ['alone', 1],
          ['together', together],
        ] as const) {
          const found = await race([inserting], { ...how, rounds: 1, callers })
          rates[kind].push(found.get('app')?.[0] ?? Number.NaN)
        }
      }
    } finally {
      await inserting.close()
    }
    const gains = rates.together.map((rate, round) => rate / (rates.alone[round] ?? Number.NaN))
    return { alone: median(rates.alone), together: median(rates.together), gain: Number(median(gains).toFixed(2)) }
  })
}

/**
 * What the change log adds to the time of a durable insert on SQLite: 0.2 is a fifth more. Against the same in which the
 * driver's transactions write no entry.
 */
export function changeLogOverhead(how: Rounds): Promise<{ alone: number; together: number }> {
  return withFolder(async (folder) => {
    const entrants = [await insertingInto('logged', folder, openDriver), await insertingInto('unlogged', folder, openWithoutLog)]
    try {
      const added = async (callers: number) => timeRatio(await race(entrants, { ...how, callers }), 'logged', 'unlogged') - 1
      return { alone: Number((await added(1)).toFixed(3)), together: Number((await added(together)).toFixed(3)) }
    } finally {
      for (const entrant of entrants) await entrant.close()
    }
  })
}

async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-bench-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function insertingInto(
  name: string,
  folder: string,
  opening: typeof openDriver,
): Promise<Entrant & { close(): Promise<void> }> {
  const database: Database = await openDatabaseBy(opening, optionsOf(`sqlite:${join(folder, `${name}.db`)}`))
  const facts = await fill(database)
  const { insert, close } = tapri(database, facts)
  return { name, run: (turn) => insert(postValues(turn, facts.caller.id)), close }
}

/** The driver, only that its transactions write no entry in the change log. */
const openWithoutLog: typeof openDriver = async (...given) => {
  const driver = await openDriver(...given)
  const begin = driver.begin.bind(driver)
  let position = driver.facts.position
  driver.begin = async (options) => {
    const transaction = await begin(options)
    transaction.appendChanges = async () => ++position
    return transaction
  }
  return driver
}
