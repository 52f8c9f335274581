import { inspect, isDeepStrictEqual } from 'node:util'
import { type ManualClock, manualClock } from '../../kit/clock.ts'
import { TapriError } from '../../kit/errors.ts'
import type { Model } from '../catalog.ts'
import type { StoredRow } from '../evaluate.ts'
import { type Database, openDatabase } from '../open.ts'
import { answer, ask } from './answers.fixture.ts'
import { Effects } from './effects.fixture.ts'
import { policiesOf } from './policies.fixture.ts'
import type { Question } from './questions.fixture.ts'
import type { Round } from './rounds.fixture.ts'
import { modelsOf, type Plan } from './shapes.fixture.ts'
import { type Asker, type Outcome, outcomeOf, World } from './world.fixture.ts'
import type { Step, Together, Write } from './writes.fixture.ts'

/** A database beside the world that it should be like. */
export interface Side extends AsyncDisposable {
  readonly plan: Plan
  /** Lives through a round and answers how many answers agreed.
   * @throws Error at the first that does not */
  run(round: Round): Promise<number>
}

export async function openSide(plan: Plan, url: string, seed: number): Promise<Side> {
  const models = modelsOf(plan)
  const policies = policiesOf(plan, models, seed)
  const clock = manualClock()
  const database = await openDatabase({ models, policies, url, migrate: 'auto', clock })
  const world = new World(models, policies)
  return {
    plan,
    run: async (round) => {
      const run = new Run(database, world, clock)
      await run.clear(plan)
      return run.live(round)
    },
    [Symbol.asyncDispose]: () => database.close(),
  }
}

/** One round. A db is either of the two askers', or the one of a transaction. */
class Run {
  readonly #database: Database
  readonly #world: World
  readonly #clock: ManualClock
  #agreed = 0

  constructor(database: Database, world: World, clock: ManualClock) {
    this.#database = database
    this.#world = world
    this.#clock = clock
  }

  async clear(plan: Plan): Promise<void> {
    // those that name others go first: some of them restrict
    for (const { name, soft } of plan.toReversed()) {
      await this.#database.asSystem[name]?.deleteWhere({}, soft ? { forever: true } : undefined)
    }
    this.#world.clear()
  }

  async live({ rows, turns }: Round): Promise<number> {
    const { changes } = this.#database
    const start = await changes.settled()
    const { asSystem } = this.#database
    for (const { model, values } of rows) {
      for (const given of values) await this.#step(asSystem, 'system', { asker: 'system', model, method: 'create', given })
    }
    for (const { step, questions } of turns) {
      for (const question of questions) await this.#question(this.#dbOf(question.asker), question)
      this.#clock.advance(1)
      const asker = 'question' in step ? step.question.asker : step.asker
      await this.#step(this.#dbOf(asker), asker, step)
      for (const model of this.#world.catalog.values()) await this.#compareTable(model)
    }
    await this.#compareLog(start)
    return this.#agreed
  }

  #dbOf(asker: Asker): any {
    return asker === 'system' ? this.#database.asSystem : this.#database.asCaller({ user: null })
  }

  async #question(db: any, { model, method, query, asker }: Question): Promise<Outcome> {
    const question = { model, method, asker, query: this.#world.resolve(query) }
    const expected = await outcomeOf(() => answer(this.#world, question))
    return this.#same(await outcomeOf(() => ask(db[model], question)), expected, question)
  }

  #step(db: any, asker: Asker, step: Step): Promise<Outcome> {
    if ('question' in step) return this.#question(db, { ...step.question, asker })
    return 'steps' in step ? this.#together(db, asker, step) : this.#write(db, asker, step)
  }

  async #write(db: any, asker: Asker, { model, method, given }: Write): Promise<Outcome> {
    const write = { asker, model, method, given: this.#world.resolve(given) }
    const actual = await outcomeOf(() => perform(db[model], write, this.#versionOf(write)))
    const ids = 'value' in actual ? idsOf(actual.value) : []
    const effects = new Effects(this.#world, asker, () => this.#clock.now())
    return this.#same(actual, await outcomeOf(() => this.#world.undoable(() => effects.apply(write, ids))), write)
  }

  async #together(db: any, asker: Asker, { steps, fails, catches }: Together): Promise<Outcome> {
    const before = this.#world.snapshot()
    let expected: Outcome = { value: 'all' }
    const actual = await outcomeOf(() =>
      db.transaction(async (inner: any) => {
        // it may be run again
        this.#world.restore(before)
        for (const step of steps) {
          // who asks as the system has no callers inside of it
          const own = 'question' in step ? step.question.asker : step.asker
          const isOther = asker === 'caller' && own === 'system'
          const outcome = await this.#step(
            isOther ? inner.asSystem('asks as the system') : inner,
            isOther ? 'system' : asker,
            step,
          )
          if (catches || !('code' in outcome)) continue
          expected = outcome
          throw new TapriError(outcome.code, 'not caught')
        }
        if (!fails) return 'all'
        expected = { code: 'TEST_FAILED' }
        throw new TapriError('TEST_FAILED', 'on purpose')
      }),
    )
    if ('code' in expected) this.#world.restore(before)
    return this.#same(actual, expected, { steps, fails, catches })
  }

  #versionOf({ model, given }: Write): number | undefined {
    const { version } = this.#world.model(model)
    const row = this.#world.row(this.#world.model(model), given.id)
    if (given.stale === undefined) return undefined
    const actual = version === undefined ? 1 : Number(row?.[version.name] ?? 1)
    return given.stale ? actual + 1 : actual
  }

  async #compareTable(model: Model): Promise<void> {
    const deleted = model.deletedAt === undefined ? {} : ({ withDeleted: true } as const)
    const rows = await this.#database.asSystem[model.name]?.find({ ...deleted, limit: 10_000 })
    const expected = this.#world.rowsOf(model).toSorted((one, other) => (one.id < other.id ? -1 : 1))
    const parts = (all: readonly any[] = []) => (model.internal ? all.map(pairOf).sort() : all)
    this.#same({ value: parts(rows) }, { value: parts(expected) }, `rows of ${model.name}`)
  }

  /** Whoever has heard of every change knows every row. */
  async #compareLog(start: number): Promise<void> {
    const rows = new Map<string, StoredRow>()
    const models = [...this.#world.catalog.values()].filter(({ internal }) => !internal)
    for (const { changes } of await this.#database.changes.since(start, 100_000)) {
      for (const { model, id, before, after } of changes) {
        if (!models.some(({ name }) => name === model)) continue
        this.#same({ value: before }, { value: rows.get(id) ?? null }, `before of ${id}`)
        if (after === null) rows.delete(id)
        else rows.set(id, after)
      }
    }
    const expected = models.flatMap((model) => this.#world.rowsOf(model)).map((row): [string, StoredRow] => [row.id, row])
    this.#same({ value: rows }, { value: new Map(expected) }, 'the change log')
  }

  #same(actual: Outcome, expected: Outcome, what: unknown): Outcome {
    if (!isDeepStrictEqual(actual, expected)) {
      const show = (value: unknown) => inspect(value, { depth: 12, breakLength: 120, maxStringLength: 60 })
      throw new Error(`${show(what)}\nis answered ${show(actual)}\nand should be ${show(expected)}`)
    }
    this.#agreed++
    return expected
  }
}

/** Does a write; `version` is the one that an update says it was made from. */
export function perform(table: any, { method, given }: Write, version: number | undefined): Promise<unknown> {
  if (method === 'update') return table.update(given.id, given.changes, version === undefined ? undefined : { version })
  if (method === 'delete') return table.delete(given.id, given.forever ? { forever: true } : undefined)
  if (method === 'restore') return table.restore(given.id)
  if (method === 'updateWhere') return table.updateWhere(given.where, given.changes)
  if (method === 'deleteWhere') return table.deleteWhere(given.where, given.forever ? { forever: true } : undefined)
  if (method !== 'upsert') return table[method](given)
  const { values, on, update } = given
  return table.upsert(values, update === undefined ? { on } : { on, update })
}

function idsOf(value: any): string[] {
  return (Array.isArray(value) ? value : [value]).map((row) => row?.id)
}

/** Pairs are told by what they join; their own ids are nobody's concern. */
function pairOf({ id: _, ...sides }: Record<string, unknown>): string {
  return JSON.stringify(sides, Object.keys(sides).sort())
}
