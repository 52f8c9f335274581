import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Db, MongoClient, MongoServerError } from 'mongodb'
import { findService, whyMissing } from '../find.ts'
import { openServer } from '../server.ts'

const service = await findService('mongodb')
const skip = service === undefined && whyMissing('mongodb')

let client: MongoClient
let db: Db

before(async () => {
  if (service === undefined) return
  client = await MongoClient.connect(service.url)
  db = client.db(`gateway_${process.pid}`)
})

after(async () => {
  if (service === undefined) return
  await db.dropDatabase()
  await client.close()
})

interface Kite {
  _id: string
  tail?: number
  maker?: string | null
}

test('what is written is read, through cursors of several pages', { skip }, async () => {
  const many = db.collection<{ _id: number; group: number }>('many')
  await many.insertMany(Array.from({ length: 1000 }, (_, number) => ({ _id: number, group: number % 7 })))
  await many.updateMany({ group: 3 }, { $inc: { group: 10 } })
  await many.deleteMany({ group: 0 })
  assert.equal((await many.find({}, { batchSize: 100 }).toArray()).length, 857)
  const sorted = await many.find({}, { batchSize: 50 }).sort({ group: -1, _id: 1 }).toArray()
  assert.deepEqual(sorted[0], { _id: 3, group: 13 })
  assert.equal(sorted.length, 857)
})

test('a unique index names itself and its fields when it is violated', { skip }, async () => {
  const kites = db.collection<Kite>('unique')
  await kites.createIndex({ maker: 1 }, { unique: true, partialFilterExpression: { maker: { $type: 'string' } } })
  await kites.insertMany([
    { _id: 'a', maker: 'Ida' },
    { _id: 'b', maker: null },
    { _id: 'c', maker: null },
  ])
  const isDuplicate = (error: unknown) =>
    isServerError(error, 11000) && /^E11000 .* index: maker_1/.test(error.message) && 'maker' in error.keyPattern
  await assert.rejects(kites.insertOne({ _id: 'd', maker: 'Ida' }), isDuplicate)
  await assert.rejects(kites.updateOne({ _id: 'b' }, { $set: { maker: 'Ida' } }), isDuplicate)
  await assert.rejects(kites.findOneAndUpdate({ _id: 'b' }, { $set: { maker: 'Ida' } }), isDuplicate)
})

test('a server closes though transactions lie open, and though others met its end', { skip }, async () => {
  const server = await openServer('mongodb')
  // so long it looks for the server at its own end, too
  const own = await MongoClient.connect(server.url, { serverSelectionTimeoutMS: 10_000 })
  const begin = async () => {
    const session = own.startSession()
    session.startTransaction()
    await own.db().collection<Kite>('open').insertOne({ _id: crypto.randomUUID() }, { session })
  }
  try {
    await begin()
    await own.db().command({ ping: 1 })
    await server.kill()
    // the first of them are given connections that nobody knows to be dead
    await Promise.allSettled(Array.from({ length: 5 }, begin))
    await server.restart()
    await begin()
  } finally {
    await server.close()
    await own.close(true)
  }
})

test('a transaction over two collections is there as a whole or not at all', { skip }, async () => {
  const [kites, strings] = [db.collection<Kite>('whole'), db.collection<Kite>('whole_strings')]
  await client.withSession(async (session) => {
    await session.withTransaction(async () => {
      await kites.insertOne({ _id: 'a' }, { session })
      await strings.insertOne({ _id: 'a' }, { session })
      assert.equal(await kites.countDocuments({}), 0)
    })
    session.startTransaction()
    await kites.insertOne({ _id: 'b' }, { session })
    await session.abortTransaction()
  })
  assert.deepEqual([await kites.countDocuments({}), await strings.countDocuments({})], [1, 1])
})

test('two transactions that write one document: the second is told at once, and is over', { skip }, async () => {
  const kites = db.collection<Kite>('conflict')
  await kites.insertOne({ _id: 'a', tail: 0 })
  await using first = client.startSession()
  await using second = client.startSession()
  first.startTransaction()
  second.startTransaction()
  await kites.updateOne({ _id: 'a' }, { $set: { tail: 1 } }, { session: first })
  const isConflict = (error: unknown) => isServerError(error, 112) && error.hasErrorLabel('TransientTransactionError')
  await assert.rejects(kites.updateOne({ _id: 'a' }, { $set: { tail: 2 } }, { session: second }), isConflict)
  await assert.rejects(kites.findOne({ _id: 'a' }, { session: second }), (error) => isServerError(error, 251))
  await first.commitTransaction()
  assert.equal((await kites.findOne({ _id: 'a' }))?.tail, 1)
})

test('a transaction reads what was there when it began, and cannot write over what came since', { skip }, async () => {
  const kites = db.collection<Kite>('snapshot')
  await kites.insertOne({ _id: 'a', tail: 0 })
  await using session = client.startSession()
  session.startTransaction()
  await kites.findOne({ _id: 'a' }, { session })
  await kites.updateOne({ _id: 'a' }, { $set: { tail: 5 } })
  assert.equal((await kites.findOne({ _id: 'a' }, { session }))?.tail, 0)
  await assert.rejects(kites.updateOne({ _id: 'a' }, { $inc: { tail: 1 } }, { session }), (error) => isServerError(error, 112))
})

test('many writers of one document, with and without transactions, lose nothing', { skip }, async () => {
  const kites = db.collection<Kite>('counter')
  await kites.insertOne({ _id: 'a', tail: 0 })
  const alone = Array.from({ length: 100 }, () => kites.updateOne({ _id: 'a' }, { $inc: { tail: 1 } }))
  const together = Array.from({ length: 20 }, () =>
    client.withSession((session) =>
      session.withTransaction(() => kites.updateOne({ _id: 'a' }, { $inc: { tail: 1 } }, { session })),
    ),
  )
  await Promise.all([...alone, ...together])
  assert.equal((await kites.findOne({ _id: 'a' }))?.tail, 120)
})

test('a cursor goes on from page to page, whatever time each of them may take', { skip }, async () => {
  const kites = db.collection<Kite>('pages')
  await kites.insertMany(Array.from({ length: 300 }, (_, tail) => ({ _id: String(tail), tail })))
  const sorted = kites.find({}, { maxTimeMS: 60_000, batchSize: 50 }).sort({ tail: -1 })
  assert.deepEqual(
    (await sorted.toArray()).map(({ tail }) => tail),
    Array.from({ length: 300 }, (_, index) => 299 - index),
  )
})

test('a statement that takes longer than it may ends its transaction', { skip }, async () => {
  const kites = db.collection<Kite>('slow')
  await kites.insertMany(Array.from({ length: 1000 }, (_, tail) => ({ _id: String(tail), tail })))
  await using session = client.startSession()
  session.startTransaction()
  await kites.insertOne({ _id: 'lost' }, { session })
  const each = {
    $lookup: { from: 'slow', let: { tail: '$tail' }, pipeline: [{ $match: { $expr: { $lt: ['$tail', '$$tail'] } } }], as: 'all' },
  }
  const slow = kites.aggregate([each, { $unwind: '$all' }, { $count: 'count' }], { session, maxTimeMS: 1 })
  await assert.rejects(slow.toArray(), (error) => isServerError(error, 50))
  await assert.rejects(kites.insertOne({ _id: 'late' }, { session }), (error) => isServerError(error, 251))
  assert.equal(await kites.countDocuments({ _id: { $in: ['lost', 'late'] } }), 0)
})

test('errors have the numbers of MongoDB', { skip }, async () => {
  const kites = db.collection<Kite>('errors')
  await kites.insertOne({ _id: 'a' })
  const rejects = (work: Promise<unknown>, code: number) => assert.rejects(work, (error) => isServerError(error, code))
  await rejects(kites.find({ tail: { $nothing: 1 } }).toArray(), 2)
  await rejects(kites.aggregate([{ $nothing: 1 }]).toArray(), 40324)
  await rejects(kites.dropIndex('nothing'), 27)
  await rejects(db.command({ nothing: 1 }), 59)
  await db.createCollection('strict', { validator: { $jsonSchema: { required: ['maker'] } } })
  await rejects(db.collection<Kite>('strict').insertOne({ _id: 'a' }), 121)
})

function isServerError(error: unknown, code: number): error is MongoServerError {
  return error instanceof MongoServerError && error.code === code
}
