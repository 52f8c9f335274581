import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect, isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { ask } from '../equivalence/answers.fixture.ts'
import { policiesOf } from '../equivalence/policies.fixture.ts'
import type { Question } from '../equivalence/questions.fixture.ts'
import { type Round, roundsOf } from '../equivalence/rounds.fixture.ts'
import { modelsOf, plans } from '../equivalence/shapes.fixture.ts'
import { perform } from '../equivalence/side.fixture.ts'
import { type Outcome, outcomeOf, World } from '../equivalence/world.fixture.ts'
import type { Step, Write } from '../equivalence/writes.fixture.ts'
import { belongsTo, guarded, hasMany, int, model, type Policy, ReadSet, text } from '../index.ts'
import { type Database, openDatabase } from '../open.ts'

/** What came of questions, how often it changed, and how often nothing told that it might. */
interface Tally {
  changed: number
  quiet: number
  readonly missed: string[]
}

interface Asked {
  readonly question: Question
  readonly outcome: Outcome
  readonly reads: ReadSet
}

/** Rows that come and go, and whoever asks about them with what was read for the answer. */
class Follower {
  readonly #database: Database
  readonly #world: World
  readonly #tally: Tally

  constructor(database: Database, world: World, tally: Tally) {
    this.#database = database
    this.#world = world
    this.#tally = tally
  }

  async live({ rows, turns }: Round): Promise<void> {
    for (const { model, values } of rows) {
      for (const given of values) await this.#write({ asker: 'system', model, method: 'create', given })
    }
    for (const { step, questions } of turns) {
      const asked = await Promise.all(questions.map((question) => this.#ask(this.#world.resolve(question))))
      for (const write of writesIn(step)) await this.#follow(write, asked)
    }
  }

  async #follow(write: Write, asked: Asked[]): Promise<void> {
    const changes = await this.#write(write)
    for (const [at, { question, outcome, reads }] of asked.entries()) {
      const isTouched = changes.some((change) => reads.touchedBy(change))
      const now = await this.#ask(question)
      const isChanged = !isDeepStrictEqual(now.outcome, outcome)
      if (isChanged) this.#tally.changed++
      if (!isTouched) this.#tally.quiet++
      if (isChanged && !isTouched) this.#tally.missed.push(inspect({ question, write, changes, outcome, now }, { depth: 8 }))
      asked[at] = now
    }
  }

  async #ask(question: Question): Promise<Asked> {
    const reads = new ReadSet()
    const { asker, model } = question
    const db: any = asker === 'system' ? this.#database.systemDb({ reads }) : this.#database.asCaller({ user: null }, { reads })
    return { question, reads, outcome: await outcomeOf(() => ask(db[model], question)) }
  }

  async #write(write: Write) {
    const from = this.#database.changes.position()
    await outcomeOf(() => perform(this.#database.asSystem[write.model], this.#world.resolve(write), undefined))
    const changes = (await this.#database.changes.since(from, 1_000)).flatMap((commit) => commit.changes)
    for (const { model, id, after } of changes) {
      if (after === null) this.#world.drop(this.#world.model(model), id)
      else this.#world.put(this.#world.model(model), after)
    }
    return changes
  }
}

function writesIn(step: Step): Write[] {
  if ('question' in step) return []
  return 'steps' in step ? step.steps.flatMap(writesIn) : [step]
}

test('no answer changes without a change that touches what was read for it', async () => {
  const tally: Tally = { changed: 0, quiet: 0, missed: [] }
  for (const [at, plan] of fc.sample(plans, { seed: 5, numRuns: 12 }).entries()) {
    const models = modelsOf(plan)
    const policies = policiesOf(plan, models, at)
    for (const round of fc.sample(roundsOf(plan), { seed: at, numRuns: 4 })) {
      const database = await openDatabase({ models, policies, url: 'sqlite::memory:', migrate: 'auto' })
      await new Follower(database, new World(models, policies), tally).live(round)
      await database.close()
    }
  }
  assert.deepEqual(tally.missed.slice(0, 1), [])
  assert.ok(tally.changed > 200 && tally.quiet > 2_000, inspect(tally))
})

const models = {
  users: model({ name: text(), motto: text({ default: '' }), videos: hasMany('videos', 'author') }),
  videos: model({
    title: text(),
    likes: int({ default: 0 }),
    views: int({ default: 0 }),
    status: text({ default: 'open' }),
    rank: guarded(int({ default: 0 })),
    author: belongsTo('users'),
  }),
}
const policies: readonly Policy[] = [
  { model: 'users', rules: { read: () => true } },
  { model: 'videos', rules: { read: () => true, fields: { rank: { read: ({ rows }: any) => rows({ status: 'open' }) } } } },
]

async function openClub() {
  const database = await openDatabase({ models, policies, url: 'sqlite::memory:', migrate: 'auto' })
  const system = database.systemDb<typeof models>()
  const ann = await system.users.create({ name: 'ann' })
  const [first, second] = await system.videos.createMany([
    { title: 'Kites', likes: 3, rank: 1, author: ann.id },
    { title: 'Tea', likes: 5, rank: 2, author: ann.id },
  ])
  if (first === undefined || second === undefined) throw new Error('two were made')
  return {
    ...{ ann, first, second, system },
    /** Which of the reads a write touches, by their names. */
    async touched(
      reads: Readonly<Record<string, (db: ReturnType<typeof caller>) => Promise<unknown>>>,
      write: () => Promise<unknown>,
    ) {
      const sets = await Promise.all(
        Object.entries(reads).map(async ([name, read]) => {
          const set = new ReadSet()
          await read(caller(database, set))
          return { name, set }
        }),
      )
      const from = database.changes.position()
      await write()
      const changes = (await database.changes.since(from, 10)).flatMap((commit) => commit.changes)
      return sets.filter(({ set }) => changes.some((change) => set.touchedBy(change))).map(({ name }) => name)
    },
    [Symbol.asyncDispose]: () => database.close(),
  }
}

function caller(database: Database, reads: ReadSet) {
  return database.asCaller<typeof models>({ user: null }, { reads })
}

test('a write touches the reads that go by a column it changes, and no others', async () => {
  await using club = await openClub()
  const { ann, first, system } = club
  const reads: Parameters<typeof club.touched>[0] = {
    likes: ({ videos }) => videos.find({ select: { likes: true } }),
    'sorted by title': ({ videos }) => videos.find({ select: { likes: true }, orderBy: 'title' }),
    page: ({ videos }) => videos.page({ select: { likes: true }, orderBy: 'title', limit: 1 }),
    'of few views': ({ videos }) => videos.find({ select: { likes: true }, where: { views: { lt: 10 } } }),
    one: ({ videos }) => videos.get(first.id),
    count: ({ videos }) => videos.count({ where: { views: { lt: 10 } } }),
    'sum of likes': ({ videos }) => videos.sum('likes'),
    'likes by title': ({ videos }) => videos.groupBy({ by: ['title'], sum: ['likes'] }),
    'title of each user': ({ users }) => users.find({ select: { name: true }, with: { videos: { select: { title: true } } } }),
    'videos of ann': ({ videos }) => videos.count({ where: { author: { name: 'ann' } } }),
    'authors of Kites': ({ users }) => users.count({ where: { videos: { some: { title: 'Kites' } } } }),
  }
  assert.deepEqual(await club.touched(reads, () => system.videos.update(first.id, { title: 'Rafts' })), [
    'sorted by title',
    'page',
    'one',
    'likes by title',
    'title of each user',
    'authors of Kites',
  ])
  assert.deepEqual(await club.touched(reads, () => system.videos.update(first.id, { likes: 4 })), [
    ...['likes', 'sorted by title', 'page', 'of few views', 'one', 'sum of likes', 'likes by title'],
  ])
  assert.deepEqual(await club.touched(reads, () => system.videos.update(first.id, { views: 9 })), ['one'])
  assert.deepEqual(await club.touched(reads, () => system.videos.update(first.id, { views: 10 })), [
    'of few views',
    'one',
    'count',
  ])
  assert.deepEqual(await club.touched(reads, () => system.users.update(ann.id, { motto: 'Fly' })), [])
  assert.deepEqual(await club.touched(reads, () => system.users.update(ann.id, { name: 'Anna' })), [
    'title of each user',
    'videos of ann',
  ])
})

test('what opens a guarded field touches the reads that show it or are sorted by it, and no others', async () => {
  await using club = await openClub()
  const reads: Parameters<typeof club.touched>[0] = {
    shown: ({ videos }) => videos.find({ select: { rank: true } }),
    sorted: ({ videos }) => videos.find({ select: { likes: true }, orderBy: 'rank', limit: 1 }),
    neither: ({ videos }) => videos.find({ select: { likes: true } }),
  }
  // what is closed sorts first: without it the other one would be the only row of the list
  assert.deepEqual(await club.touched(reads, () => club.system.videos.update(club.second.id, { status: 'closed' })), [
    'shown',
    'sorted',
  ])
  assert.deepEqual(await club.touched(reads, () => club.system.videos.update(club.second.id, { status: 'open' })), [
    'shown',
    'sorted',
  ])
})

test('a row that names another one now touches those who asked whether some row names theirs', async () => {
  await using club = await openClub()
  const { system, first } = club
  const bob = await system.users.create({ name: 'bob' })
  const reads: Parameters<typeof club.touched>[0] = {
    'with videos': ({ users }) => users.count({ where: { videos: { some: {} } } }),
    'by bob': ({ videos }) => videos.count({ where: { author: { name: 'bob' } } }),
  }
  assert.deepEqual(await club.touched(reads, () => system.videos.update(first.id, { author: bob.id })), ['with videos', 'by bob'])
})
