import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { type ManualClock, manualClock } from '../../../kit/clock.ts'
import { belongsTo, bool, type Commit, type Database, hasMany, int, model, openDatabase, optional, text } from '../../index.ts'
import { scratchMongo } from './scratch.ts'

const server = process.env.TEST_MONGODB_URL ?? ''
const skip = server === '' ? 'set TEST_MONGODB_URL' : false
const models = {
  notes: model({
    text: text({ unique: true }),
    open: bool({ default: false }),
    count: int({ default: 0 }),
    lines: hasMany('lines', 'note'),
  }),
  lines: model({ text: text(), note: belongsTo('notes'), other: optional(belongsTo('notes', { onDelete: 'null' })) }),
}
type Models = typeof models

interface Cluster {
  readonly clock: ManualClock
  /** Another process, as far as the database can tell. */
  open(): Promise<Database>
  /** Somebody who knows nothing of the app. */
  connect(): Promise<MongoClient>
}

function claim(text: string, check: (cluster: Cluster) => Promise<void>): void {
  test(text, { skip }, async () => {
    const scratch = await scratchMongo(server)
    const clock = manualClock()
    const opened: { close(): Promise<void> }[] = []
    try {
      await check({
        clock,
        async open() {
          const database = await openDatabase({ models, policies: [], url: scratch.url, migrate: 'auto', clock })
          opened.push(database)
          return database
        },
        async connect() {
          const client = new MongoClient(scratch.url)
          opened.push(client)
          return client.connect()
        },
      })
    } finally {
      await Promise.all(opened.map((each) => each.close()))
      await scratch.dispose()
    }
  })
}

const systemOf = (database: Database) => database.systemDb<Models>()

/** The commits that a database announces; `next` lets time go by until there are so many. */
function listen(database: Database, clock: ManualClock) {
  const heard: Commit[] = []
  database.changes.subscribe((commit) => heard.push(commit))
  return {
    heard,
    async next(count: number) {
      while (heard.length < count) {
        clock.advance(250)
        await turn()
      }
    },
  }
}

claim('processes that start at once make the collections once', async ({ open }) => {
  const databases = await Promise.all([open(), open(), open()])
  const [one] = databases
  assert.ok(one)
  await systemOf(one).notes.create({ text: 'a' })
  for (const database of databases) assert.equal(await systemOf(database).notes.count(), 1)
  assert.equal(new Set(databases.map(({ changes }) => changes.epoch)).size, 1)
})

claim('each process hears of the commits of all, in the same order', async ({ open, clock }) => {
  const [one, two] = [await open(), await open()]
  const [first, second] = [listen(one, clock), listen(two, clock)]
  const writes = Array.from({ length: 30 }, (_, number) =>
    systemOf(number % 2 ? one : two).notes.create({ text: String(number) }),
  )
  await Promise.all(writes)
  await Promise.all([first.next(30), second.next(30)])
  assert.deepEqual(first.heard, second.heard)
  const positions = first.heard.map(({ position }) => position)
  assert.deepEqual(
    positions,
    positions.toSorted((a, b) => a - b),
  )
})

claim('transactions of two processes that rely on what the other changes do not both pass unseen', async ({ open }) => {
  const both = [systemOf(await open()), systemOf(await open())]
  const [one, two] = both
  assert.ok(one && two)
  for (let round = 0; round < 10; round++) {
    const [first, second] = [
      await one.notes.create({ text: `${round}a`, open: true }),
      await one.notes.create({ text: `${round}b`, open: true }),
    ]
    // each reads the set of both and writes the one that the other does not
    const leave = (db: typeof one, id: typeof first.id) =>
      db.transaction(async (inside) => {
        if ((await inside.notes.count({ where: { open: true } })) > 1) await inside.notes.update(id, { open: false })
      })
    await Promise.all([leave(one, first.id), leave(two, second.id)])
    assert.equal(await one.notes.count({ where: { open: true } }), 1)
    await one.notes.updateWhere({ open: true }, { open: false })
  }
})

claim('a row that one process deletes while another comes to name it leaves nothing that names nothing', async ({ open }) => {
  const [one, two] = [systemOf(await open()), systemOf(await open())]
  for (let round = 0; round < 10; round++) {
    const note = await one.notes.create({ text: String(round) })
    const [made, deleted] = await Promise.allSettled([two.lines.create({ text: 'x', note: note.id }), one.notes.delete(note.id)])
    const lines = await one.lines.count({ where: { note: note.id } })
    assert.equal(await one.notes.count({ where: { id: note.id } }), lines)
    if (made.status === 'rejected') assert.equal(made.reason.code, 'TAPRI_DATA_NO_SUCH_ROW')
    else assert.equal(deleted.status === 'rejected' && deleted.reason.code, 'TAPRI_DATA_STILL_USED')
  }
})

claim('of processes that want the same unique value one gets it, and no addition is lost', async ({ open }) => {
  const [one, two] = [systemOf(await open()), systemOf(await open())]
  const wanted = [one, two, one, two].map((db) => db.notes.create({ text: 'same' }))
  const outcomes = await Promise.allSettled(wanted)
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
  assert.deepEqual(
    refused.map(({ reason }) => reason.code),
    Array.from({ length: 3 }, () => 'TAPRI_DATA_NOT_UNIQUE'),
  )
  const { id } = (await one.notes.first()) ?? assert.fail()
  const once = (db: typeof one) =>
    db.transaction(async (inside) => {
      const { count } = await inside.notes.get(id)
      await inside.notes.update(id, { count: count + 1 })
    })
  await Promise.all(Array.from({ length: 20 }, (_, number) => once(number % 2 ? one : two)))
  assert.equal((await two.notes.get(id)).count, 20)
})

claim('while one process holds the database no other commits, and each does afterwards', async ({ open }) => {
  const [one, two] = [await open(), await open()]
  const inside = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const held = one.exclusive(async () => {
    inside.resolve()
    await goOn.promise
    return systemOf(one).notes.count()
  })
  await inside.promise
  const writing = systemOf(two).notes.create({ text: 'a' })
  const asked = await systemOf(two).notes.count()
  goOn.resolve()
  assert.deepEqual([asked, await held], [0, 0])
  await writing
  assert.equal(await systemOf(one).notes.count(), 1)
})

claim('what somebody else writes in the way is a conflict, and nothing of the write is left', async ({ open, connect }) => {
  const db = systemOf(await open())
  const note = await db.notes.create({ text: 'a' })
  const client = await connect()
  const session = client.startSession()
  session.startTransaction()
  await client
    .db()
    .collection('notes')
    .updateOne({ text: 'a' }, { $set: { text: 'theirs' } }, { session })
  const writing = db.transaction(
    async (inside) => {
      await inside.notes.create({ text: 'lost' })
      await inside.notes.update(note.id, { text: 'mine' })
    },
    { retries: 0 },
  )
  await assert.rejects(writing, { code: 'TAPRI_DATA_CONFLICT', status: 409 })
  await session.abortTransaction()
  await session.endSession()
  assert.equal(await db.notes.count(), 1)
  await db.notes.update(note.id, { text: 'mine' })
})
