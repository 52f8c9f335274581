import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { manualClock } from '../kit/clock.ts'
import { TapriError } from '../kit/errors.ts'
import { add, belongsTo, bool, type Database, int, model, openDatabase, type SystemDb, text } from './index.ts'

/** What many want to change at once. */
export const models = {
  counters: model({ number: int({ default: 0 }) }),
  names: model({ name: text({ unique: true }), by: text() }),
  doctors: model({ shift: int(), onCall: bool({ default: true }) }, { index: [['shift']] }),
  parents: model({ number: int() }),
  children: model({ parent: belongsTo('parents', { onDelete: 'cascade' }) }),
}
type Models = typeof models

export async function openContest(url: string): Promise<{ readonly database: Database; readonly system: SystemDb<Models> }> {
  // nobody is sent away for having waited long: a busy machine would decide then
  const database = await openDatabase({ models, policies: [], url, migrate: 'auto', clock: manualClock() })
  return { database, system: database.systemDb<Models>() }
}

interface Turn {
  readonly system: SystemDb<Models>
  /** Which of those who work at once this is, from 0. */
  readonly worker: number
  readonly rounds: number
}

/** What one worker does; it answers what came of each round. */
export const contests = {
  /** Reads, then writes what it read and one more. */
  async readAndWrite({ system, rounds }: Turn): Promise<string[]> {
    return each(rounds, () =>
      system.transaction(async (db) => {
        const counter = await db.counters.first()
        if (counter !== null) await db.counters.update(counter.id, { number: counter.number + 1 })
      }),
    )
  },

  async add({ system, rounds }: Turn): Promise<string[]> {
    const counter = await system.counters.first()
    if (counter === null) return []
    return each(rounds, () => system.counters.update(counter.id, { number: add(1) }))
  },

  /** Goes home when somebody else of the shift is on call. */
  async leave({ system, worker, rounds }: Turn): Promise<string[]> {
    return each(rounds, (shift) =>
      system.transaction(async (db) => {
        const onCall = await db.doctors.find({ where: { shift, onCall: true }, orderBy: 'id' })
        const own = onCall[worker % Math.max(onCall.length, 1)]
        if (onCall.length > 1 && own !== undefined) await db.doctors.update(own.id, { onCall: false })
      }),
    )
  },

  async take({ system, worker, rounds }: Turn): Promise<string[]> {
    return each(rounds, (round) => system.names.create({ name: `name ${round}`, by: String(worker) }))
  },

  /** Changes two rows, every other worker the other way round. */
  async cross({ system, worker, rounds }: Turn): Promise<string[]> {
    const counters = await system.counters.find({ orderBy: worker % 2 === 0 ? 'id' : '-id' })
    return each(rounds, () =>
      system.transaction(async (db) => {
        for (const { id } of counters) await db.counters.update(id, { number: add(1) })
      }),
    )
  },

  /** Every other worker deletes the rows to which the rest give children. */
  async orphan({ system, worker, rounds }: Turn): Promise<string[]> {
    const parents = await system.parents.find({ orderBy: 'number' })
    return each(rounds, async (round) => {
      const parent = parents[round]
      if (parent === undefined) return
      if (worker % 2 === 0) await system.parents.delete(parent.id)
      else await system.children.create({ parent: parent.id })
    })
  },
} as const
export type ContestName = keyof typeof contests

/** All rounds at once; a round that is refused answers the code. */
async function each(rounds: number, work: (round: number) => Promise<unknown>): Promise<string[]> {
  const outcomes = await Promise.allSettled(Array.from({ length: rounds }, (_, round) => work(round)))
  return outcomes.map((outcome) => {
    if (outcome.status === 'fulfilled') return 'done'
    if (outcome.reason instanceof TapriError) return outcome.reason.code
    throw outcome.reason
  })
}

export interface Contest {
  readonly name: ContestName
  readonly workers: number
  readonly rounds: number
}

/** Several workers in this process, on one open database. */
export async function compete(system: SystemDb<Models>, { name, workers, rounds }: Contest): Promise<string[]> {
  const turns = Array.from({ length: workers }, (_, worker) => contests[name]({ system, worker, rounds }))
  return (await Promise.all(turns)).flat()
}

const self = new URL(import.meta.url).href
const program = `
  import { openContest, contests } from '${self}'
  const [url, name, worker, rounds] = process.argv.slice(1)
  const { database, system } = await openContest(url)
  process.stdout.write('ready\\n')
  for await (const _ of process.stdin) {
    process.stdout.write(JSON.stringify(await contests[name]({ system, worker: Number(worker), rounds: Number(rounds) })) + '\\n')
    break
  }
  await database.close()
  process.exit()`

/** Each worker is a process with the database open by itself; they begin together. */
export async function competeApart(url: string, { name, workers, rounds }: Contest): Promise<string[]> {
  const children = Array.from({ length: workers }, (_, worker) => {
    const args = ['--input-type=module', '-e', program, url, name, String(worker), String(rounds)]
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() }
  })
  for (const { lines } of children) await lines.next()
  for (const { child } of children) child.stdin.end('go\n')
  const answers = await Promise.all(children.map(({ lines }) => lines.next()))
  return answers.flatMap(({ value }) => JSON.parse(String(value)))
}
