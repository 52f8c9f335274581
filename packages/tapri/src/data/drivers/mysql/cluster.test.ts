import assert from 'node:assert/strict'
import { belongsTo, model, optional, text } from '../../index.ts'
import { claim, listen, settle } from './servers.fixture.ts'

const models = { notes: model({ text: text({ unique: true }) }) }

claim('processes that start at once make the tables once', models, async ({ open, system }) => {
  const databases = await Promise.all([open(), open(), open()])
  const [one] = databases
  assert.ok(one)
  await system(one).notes.create({ text: 'a' })
  for (const database of databases) assert.equal(await system(database).notes.count(), 1)
  assert.equal(new Set(databases.map(({ changes }) => changes.epoch)).size, 1)
})

claim('each process hears of the commits of all, in the same order without gaps', models, async ({ open, system }) => {
  const [one, two] = [await open(), await open()]
  const [first, second] = [listen(one), listen(two)]
  const start = await one.changes.settled()
  const writes = Array.from({ length: 40 }, (_, number) => system(number % 2 ? one : two).notes.create({ text: String(number) }))
  await Promise.all(writes)
  await settle(one)
  await settle(two)
  assert.deepEqual(first.heard, second.heard)
  assert.deepEqual(
    first.heard.map(({ position }) => position),
    Array.from({ length: 40 }, (_, number) => start + number + 1),
  )
})

claim('a process that writes nothing looks for commits of others five times a second', models, async (cluster) => {
  const [writer, listener] = [await cluster.open(), await cluster.open()]
  const { heard, next } = listen(listener)
  await settle(listener)
  await cluster.system(writer).notes.create({ text: 'a' })
  cluster.clock.advance(199)
  await settle(writer)
  assert.equal(heard.length, 0)
  cluster.clock.advance(1)
  await next(1)
})

claim('a transaction is run again when another was in its way, and not when it failed by itself', models, async (cluster) => {
  const db = cluster.system(await cluster.open())
  const { id } = await db.notes.create({ text: 'a' })
  let runs = 0
  const haveRead = Promise.withResolvers<void>()
  const both = Array.from({ length: 2 }, (_, number) =>
    db.transaction(async (within) => {
      const { text } = await within.notes.get(id)
      if (++runs === 2) haveRead.resolve()
      await haveRead.promise
      await within.notes.update(id, { text: `${text}${number}` })
    }),
  )
  await Promise.all(both)
  assert.ok(runs >= 3)
  assert.equal((await db.notes.get(id)).text.length, 3)
  runs = 0
  const failing = db.transaction(async () => {
    runs++
    throw new Error('mine')
  })
  await assert.rejects(failing, /mine/)
  assert.equal(runs, 1)
})

claim('after a deadlock that somebody caught nothing of the transaction is left', models, async ({ open, system }) => {
  const db = system(await open())
  const [one, other] = [await db.notes.create({ text: 'one' }), await db.notes.create({ text: 'other' })]
  let caught = 0
  const both = [
    [one, other],
    [other, one],
  ].map(([first, second], number) =>
    db.transaction(
      async (within) => {
        const made = `${number}`
        await within.notes.create({ text: made })
        await within.notes.update(first?.id ?? one.id, { text: `first ${made}` })
        try {
          await within.notes.update(second?.id ?? one.id, { text: `second ${made}` })
        } catch {
          caught++
        }
      },
      { retries: 0 },
    ),
  )
  const outcomes = await Promise.allSettled(both)
  const failed = outcomes.flatMap((outcome, number) =>
    outcome.status === 'rejected' ? [{ reason: outcome.reason, number }] : [],
  )
  assert.equal(failed.length, caught)
  for (const { reason, number } of failed) {
    assert.equal(reason.code, 'TAPRI_DATA_CONFLICT')
    assert.equal(await db.notes.count({ where: { text: `${number}` } }), 0)
    assert.equal(await db.notes.count({ where: { text: `first ${number}` } }), 0)
  }
})

claim('connections that the server has cut are replaced unseen', models, async ({ open, connect, system }) => {
  const db = system(await open())
  const admin = await connect()
  for (let round = 0; round < 3; round++) {
    await Promise.all(Array.from({ length: 8 }, (_, number) => db.notes.create({ text: `${round} ${number}` })))
    const others = 'select id from information_schema.processlist where db = database() and id <> connection_id()'
    const [rows] = await admin.query({ sql: others, rowsAsArray: true })
    for (const [id] of rows as [number][]) await admin.query(`kill ${id}`)
    await db.notes.create({ text: `after ${round}` })
    assert.equal(await db.notes.count(), 9 * (round + 1))
  }
})

const ring = {
  hens: model({ egg: optional(belongsTo('eggs', { onDelete: 'cascade' })) }),
  eggs: model({ hen: belongsTo('hens', { onDelete: 'cascade' }), twin: optional(belongsTo('eggs', { onDelete: 'cascade' })) }),
}

claim('rows that name each other in a ring go together', ring, async ({ open, system }) => {
  const db = system(await open())
  const hen = await db.hens.create({})
  const one = await db.eggs.create({ hen: hen.id })
  const other = await db.eggs.create({ hen: hen.id, twin: one.id })
  await db.eggs.update(one.id, { twin: other.id })
  await db.hens.update(hen.id, { egg: other.id })
  await db.hens.delete(hen.id)
  assert.deepEqual([await db.hens.count(), await db.eggs.count()], [0, 0])
})

claim('nobody comes to name a row of a ring that another process deletes', ring, async ({ open, connect, system }) => {
  const [one, two] = [system(await open()), system(await open())]
  const admin = await connect()
  for (let round = 0; round < 15; round++) {
    const hen = await one.hens.create({})
    const egg = await one.eggs.create({ hen: hen.id })
    await one.hens.update(hen.id, { egg: egg.id })
    const naming = () => two.eggs.create({ hen: hen.id, twin: egg.id })
    const outcomes = await Promise.allSettled([naming(), one.hens.delete(hen.id), naming(), naming()])
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'TAPRI_DATA_NO_SUCH_ROW')
    }
    const orphans = 'select count(*) from eggs where hen not in (select id from hens) or twin not in (select id from eggs)'
    const [rows] = await admin.query({ sql: orphans, rowsAsArray: true })
    assert.deepEqual(rows, [[0]])
    assert.deepEqual([await one.hens.count(), await one.eggs.count()], [0, 0])
  }
})

claim('who waits too long for somebody that holds the database is told so', models, async ({ open, connect, system }) => {
  const db = system(await open({ search: '?statement_timeout=5s' }))
  const holder = await connect()
  await holder.query('start transaction; select * from tapri_turn for update')
  await assert.rejects(db.notes.create({ text: 'a' }), { code: 'TAPRI_DATA_BUSY', status: 503 })
  await holder.query('rollback')
  await db.notes.create({ text: 'a' })
})
