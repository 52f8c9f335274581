import fc from 'fast-check'
import { ask } from '../packages/tapri/src/data/equivalence/answers.fixture.ts'
import { policiesOf } from '../packages/tapri/src/data/equivalence/policies.fixture.ts'
import { type Question, questionsOf } from '../packages/tapri/src/data/equivalence/questions.fixture.ts'
import { modelsOf, type Plan, plans } from '../packages/tapri/src/data/equivalence/shapes.fixture.ts'
import { perform } from '../packages/tapri/src/data/equivalence/side.fixture.ts'
import { type Asker, outcomeOf, World } from '../packages/tapri/src/data/equivalence/world.fixture.ts'
import { type Step, stepsOf, valuesOf } from '../packages/tapri/src/data/equivalence/writes.fixture.ts'
import { type Database, openDatabase, scratchDatabase } from '../packages/tapri/src/data/index.ts'
import { type ManualClock, manualClock } from '../packages/tapri/src/kit/clock.ts'
import { TapriError } from '../packages/tapri/src/kit/errors.ts'
import { encodeWire } from '../packages/tapri/src/kit/wire.ts'
import { KeptReads } from '../packages/tapri/src/live/kept/kept-reads.ts'
import type { Hold } from '../packages/tapri/src/live/kept/recording.ts'

/** Milliseconds after which no other round is begun, nor a smaller one looked for. */
const enough = 12_000

/** Rows to begin with, what is followed, and what is written then. */
interface Round {
  readonly rows: readonly { readonly model: string; readonly values: readonly any[] }[]
  readonly questions: readonly Question[]
  readonly steps: readonly Step[]
}

export interface Tally {
  /** Answers from what is kept that were compared with the database's. */
  compared: number
  /** Of those, how many were made without asking the database. */
  spared: number
}

/**
 * Follows generated questions through generated writes, and compares what is kept with a fresh read after each commit: to
 * the byte, and told of or unchanged.
 * @throws Error at the first that differs, with the smallest case
 */
export async function followAll(url: string, { seed, rounds }: { seed: number; rounds: number }): Promise<Tally> {
  const tally: Tally = { compared: 0, spared: 0 }
  for (let turn = 0; turn < rounds; turn++) {
    const [plan] = fc.sample(plans, { seed: seed + turn, numRuns: 1 })
    if (plan === undefined) continue
    await using scratch = await opened(url)
    const models = modelsOf(plan)
    const policies = policiesOf(plan, models, seed + turn)
    const clock = manualClock()
    const database = await openDatabase({ models, policies, url: scratch.url, migrate: 'auto', clock })
    try {
      const world = new World(models, policies)
      const until = performance.now() + enough
      let hasLived = false
      const property = fc.asyncProperty(roundsOf(plan), async (round) => {
        // the first is lived to its end however busy the machine is; fast-check's own limit would call it a failure
        if (hasLived && performance.now() > until) return
        hasLived = true
        await new Following(database, world, clock, tally).live(plan, round)
      })
      await fc.assert(property, { seed: seed + turn, numRuns: 3 })
    } finally {
      await database.close()
    }
  }
  return tally
}

async function opened(url: string) {
  const scratch = await scratchDatabase(url)
  return { url: scratch.url, [Symbol.asyncDispose]: () => scratch.dispose() }
}

function roundsOf(plan: Plan): fc.Arbitrary<Round> {
  const rows = plan.map((model) =>
    fc.record({ model: fc.constant(model.name), values: fc.array(valuesOf(model), { minLength: 2, maxLength: 24 }) }),
  )
  return fc.record({
    rows: fc.tuple(...rows),
    questions: fc.array(questionsOf(plan), { minLength: 12, maxLength: 20 }),
    steps: fc.array(stepsOf(plan), { minLength: 6, maxLength: 14 }),
  })
}

/** One question that is asked again when it is told that its answer has changed. */
interface Follower {
  readonly question: Question
  hold: Hold | undefined
  answer: string
  touched: 'exact' | 'lost' | undefined
}

class Following {
  readonly #database: Database
  readonly #world: World
  readonly #clock: ManualClock
  readonly #tally: Tally
  readonly #kept = new KeptReads()

  constructor(database: Database, world: World, clock: ManualClock, tally: Tally) {
    this.#database = database
    this.#world = world
    this.#clock = clock
    this.#tally = tally
  }

  async live(plan: Plan, { rows, questions, steps }: Round): Promise<void> {
    const { asSystem, changes } = this.#database
    for (const { name, soft } of plan.toReversed()) await asSystem[name]?.deleteWhere({}, soft ? { forever: true } : undefined)
    for (const { model, values } of rows) {
      for (const given of values) await this.#step({ asker: 'system', model, method: 'create', given })
    }
    const followers = questions.map((question): Follower => {
      const resolved = { ...question, query: this.#world.resolve(question.query) }
      return { question: resolved, hold: undefined, answer: '', touched: 'lost' }
    })
    const unsubscribe = changes.subscribe((commit) => this.#kept.onCommit(commit))
    try {
      await this.#check(followers, 'at first')
      for (const step of steps) {
        await this.#step(step)
        await this.#check(followers, fc.stringify(step))
      }
    } finally {
      unsubscribe()
      for (const { hold } of followers) hold?.release()
    }
    const { rows: left, entries } = this.#kept.figures
    if (left !== 0 || entries !== 0) throw new Error(`${left} rows and ${entries} entries are left that nobody holds`)
  }

  async #check(followers: readonly Follower[], after: string): Promise<void> {
    for (const follower of followers) {
      const fresh = await answered(this.#dbOf(follower.question.asker), follower.question)
      const { touched, question } = follower
      if (touched === undefined && follower.answer !== fresh) throw differs('untold', question, follower.answer, fresh, after)
      const recording = this.#kept.begin()
      const db = this.#dbOf(question.asker, (own) => recording.reader(own))
      const answer = await answered(db, question)
      if (answer !== fresh) throw differs('kept', question, answer, fresh, after)
      if (touched !== 'lost' && isOneRead(question) && recording.askedDatabase)
        throw differs('asked for', question, answer, fresh, after)
      const before = follower.hold
      follower.hold = recording.keep((isExact) => {
        follower.touched = isExact && follower.touched !== 'lost' ? 'exact' : 'lost'
      })
      if (follower.hold === undefined) throw differs('torn', question, answer, fresh, after)
      before?.release()
      follower.answer = answer
      follower.touched = undefined
      this.#tally.compared++
      if (!recording.askedDatabase) this.#tally.spared++
    }
  }

  #dbOf(asker: Asker, reader?: (own: any) => any): any {
    const options = reader === undefined ? {} : { reader }
    return asker === 'system' ? this.#database.systemDb(options) : this.#database.asCaller({ user: null }, options)
  }

  async #step(step: Step): Promise<void> {
    this.#clock.advance(1)
    await outcomeOf(() => this.#write(this.#dbOf('asker' in step ? step.asker : 'system'), step))
    this.#world.clear()
    for (const model of this.#world.catalog.values()) {
      const deleted = model.deletedAt === undefined ? {} : { withDeleted: true as const }
      for (const row of (await this.#database.asSystem[model.name]?.find({ ...deleted, limit: 10_000 })) ?? [])
        this.#world.put(model, row as { id: string })
    }
  }

  async #write(db: any, step: Step): Promise<unknown> {
    if ('question' in step) return undefined
    if (!('steps' in step)) {
      const write = { ...step, given: this.#world.resolve(step.given) }
      return perform(db[step.model], write, undefined)
    }
    return db.transaction(async (inner: any) => {
      for (const each of step.steps) {
        const outcome = await outcomeOf(() => this.#write(inner, each))
        if ('code' in outcome && !step.catches) throw new TapriError(outcome.code, 'not caught')
      }
      if (step.fails) throw new TapriError('TEST_FAILED', 'on purpose')
    })
  }
}

/** Other reads of a run than its first depend on what that answers. */
function isOneRead({ method, query }: Question): boolean {
  return method !== 'pages' && query.with === undefined && query.query?.with === undefined
}

async function answered(db: any, question: Question): Promise<string> {
  const outcome = await outcomeOf(() => ask(db[question.model], question))
  return encodeWire(outcome)
}

function differs(what: string, question: Question, answer: string, fresh: string, after: string): Error {
  return new Error(`${what}: ${fc.stringify(question)}\nis ${answer}\nbut a fresh read gives ${fresh}\nafter ${after}`)
}
