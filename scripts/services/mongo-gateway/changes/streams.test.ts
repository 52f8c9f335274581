import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { BSON, type ChangeStream, type ChangeStreamOptions, type Db, type Document, Double, Long, MongoClient } from 'mongodb'
import { findService, whyMissing } from '../../find.ts'
import { type OpenServer, openServer } from '../../server.ts'

const service = await findService('mongodb')
const skip = service === undefined && whyMissing('mongodb')

let server: OpenServer
let client: MongoClient
let number = 0

// of its own: its log is thrown away
before(async () => {
  if (service === undefined) return
  server = await openServer('mongodb')
  client = await MongoClient.connect(server.url)
})

after(async () => {
  if (service === undefined) return
  await client.close()
  await server.close()
})

interface Kite extends Document {
  _id: string
  tail?: number
}

/** What is told of a database of its own, from now on. */
async function watched(options: ChangeStreamOptions = {}, pipeline: Document[] = []) {
  const db = client.db(`streams_${number++}`)
  const stream = await opened(db, options, pipeline)
  return { db, kites: db.collection<Kite>('kites'), stream }
}

async function opened(db: Pick<Db, 'watch'>, options: ChangeStreamOptions, pipeline: Document[] = []): Promise<ChangeStream> {
  const stream = db.watch(pipeline, { maxAwaitTimeMS: 50, ...options })
  assert.equal(await stream.tryNext(), null)
  return stream
}

/** The next events, as many as that. */
async function events(stream: ChangeStream, count: number): Promise<Document[]> {
  const told: Document[] = []
  while (told.length < count) {
    const event = await stream.tryNext()
    if (event !== null) told.push(event)
  }
  return told
}

const short = ({ operationType, documentKey, fullDocument, fullDocumentBeforeChange }: Document) => [
  operationType,
  documentKey?._id,
  fullDocument,
  fullDocumentBeforeChange,
]
const images = { fullDocument: 'whenAvailable', fullDocumentBeforeChange: 'whenAvailable' } as const
const imaged = { changeStreamPreAndPostImages: { enabled: true } }

async function refused(stream: ChangeStream): Promise<Document> {
  try {
    for (;;) await stream.tryNext()
  } catch (error) {
    return Object(error)
  } finally {
    await stream.close()
  }
}

test('each write is told in its order, with the document as it was and as it became', { skip }, async () => {
  const { db, kites, stream } = await watched(images)
  await db.createCollection('kites', imaged)
  await kites.insertMany([{ _id: 'a', tail: 1 }, { _id: 'b' }])
  await kites.updateOne({ _id: 'a' }, { $inc: { tail: 1 } })
  await kites.updateOne({ _id: 'a' }, { $set: { tail: 2 } })
  await kites.replaceOne({ _id: 'b' }, { tail: 9 })
  await kites.findOneAndUpdate({ _id: 'c' }, { $set: { tail: 3 } }, { upsert: true })
  await kites.deleteMany({})
  const told = await events(stream, 8)
  assert.deepEqual(told.map(short), [
    ['insert', 'a', { _id: 'a', tail: 1 }, undefined],
    ['insert', 'b', { _id: 'b' }, undefined],
    ['update', 'a', { _id: 'a', tail: 2 }, { _id: 'a', tail: 1 }],
    ['replace', 'b', { _id: 'b', tail: 9 }, { _id: 'b' }],
    ['insert', 'c', { _id: 'c', tail: 3 }, undefined],
    ['delete', 'a', undefined, { _id: 'a', tail: 2 }],
    ['delete', 'b', undefined, { _id: 'b', tail: 9 }],
    ['delete', 'c', undefined, { _id: 'c', tail: 3 }],
  ])
  assert.deepEqual(told[2]?.updateDescription, { updatedFields: { tail: 2 }, removedFields: [], truncatedArrays: [] })
  assert.deepEqual(told[2]?.ns, { db: db.databaseName, coll: 'kites' })
  const times = told.map(({ clusterTime }) => clusterTime.toBigInt())
  assert.ok(times.every((time, index) => index === 0 || time > times[index - 1]))
})

test('images are there where a collection keeps them, and an error where they are required and missing', { skip }, async () => {
  const { db, kites, stream } = await watched(images)
  await kites.insertOne({ _id: 'a' })
  await kites.updateOne({ _id: 'a' }, { $set: { tail: 1 } })
  await db.command({ collMod: 'kites', ...imaged })
  await kites.updateOne({ _id: 'a' }, { $set: { tail: 2 } })
  await db.command({ collMod: 'kites', changeStreamPreAndPostImages: { enabled: false } })
  await kites.deleteOne({ _id: 'a' })
  const told = await events(stream, 4)
  assert.deepEqual(told.slice(1).map(short), [
    ['update', 'a', null, null],
    ['update', 'a', { _id: 'a', tail: 2 }, { _id: 'a', tail: 1 }],
    ['delete', 'a', undefined, null],
  ])
  const required = db.watch([], { fullDocumentBeforeChange: 'required', startAfter: told[0]?._id })
  assert.equal((await refused(required)).code, 47)
  const [collection] = await db.listCollections({ name: 'kites' }).toArray()
  assert.equal(Object(collection).options.changeStreamPreAndPostImages, undefined)
  await assert.rejects(db.command({ collMod: 'nothing', ...imaged }), { code: 26 })
})

test('values keep their types, and texts with dollars stay texts on their way through the stages', { skip }, async () => {
  const set = { $set: { added: { $concat: ['$ns.coll', '!'] } } }
  const { kites, stream } = await watched({ promoteValues: false }, [{ $match: { 'ns.coll': 'kites' } }, set])
  await kites.insertOne({
    _id: 'a',
    long: Long.fromNumber(5),
    double: new Double(5),
    int: 5,
    path: '$ns',
    deep: { $x: ['$$ROOT'] },
  })
  const [event] = await events(stream, 1)
  const { fullDocument: told, added } = Object(event)
  assert.deepEqual(
    [told.long, told.double, told.int].map((value) => value._bsontype),
    ['Long', 'Double', 'Int32'],
  )
  assert.deepEqual([told.path, told.deep, added], ['$ns', { $x: ['$$ROOT'] }, 'kites!'])
})

test('a transaction is told when it is committed, whole, at one time and by its name', { skip }, async () => {
  const { kites, stream } = await watched()
  await kites.insertOne({ _id: 'before' })
  await using session = client.startSession()
  session.startTransaction()
  await kites.insertOne({ _id: 'gone' }, { session })
  await session.abortTransaction()
  session.startTransaction()
  await kites.insertOne({ _id: 'one' }, { session })
  await kites.insertOne({ _id: 'meanwhile' })
  await kites.updateOne({ _id: 'one' }, { $set: { tail: 1 } }, { session })
  await session.commitTransaction()
  const told = await events(stream, 4)
  assert.deepEqual(
    told.map(({ documentKey, lsid }) => [documentKey._id, lsid !== undefined]),
    [
      ['before', false],
      ['meanwhile', false],
      ['one', true],
      ['one', true],
    ],
  )
  const [, , first, second] = told
  assert.deepEqual(first?.clusterTime, second?.clusterTime)
  assert.deepEqual([first?.lsid, first?.txnNumber], [second?.lsid, second?.txnNumber])
  assert.deepEqual(Buffer.from(first?.lsid.id.buffer), Buffer.from(Object(session.id).id.buffer))
})

test('a stream goes on behind any token, with nothing left out or told twice', { skip }, async () => {
  const { db, kites, stream } = await watched()
  await client.withSession((session) =>
    session.withTransaction(async () => {
      await kites.insertMany([{ _id: 'a' }, { _id: 'b' }, { _id: 'c' }], { session })
    }),
  )
  await kites.insertOne({ _id: 'd' })
  const told = await events(stream, 4)
  for (const [index, event] of told.entries()) {
    const later = told.slice(index + 1)
    const again = db.watch([], { resumeAfter: event._id, batchSize: 1 })
    assert.deepEqual(await events(again, later.length), later)
    await again.close()
  }
  const timed = db.watch([], { startAtOperationTime: told[0]?.clusterTime })
  assert.deepEqual(await events(timed, 4), told)
  await timed.close()
})

test('the token of a stream without news moves on, and streams go on behind it', { skip }, async () => {
  const { db, kites, stream } = await watched({}, [{ $match: { 'ns.coll': 'others' } }])
  const first = stream.resumeToken
  await kites.insertOne({ _id: 'a' })
  const start = Object(first)._data
  while (Object(stream.resumeToken)._data === start) assert.equal(await stream.tryNext(), null)
  const again = await opened(db, { resumeAfter: stream.resumeToken })
  await kites.insertOne({ _id: 'b' })
  assert.deepEqual((await events(again, 1)).map(short), [['insert', 'b', { _id: 'b' }, undefined]])
})

test('what the log does not hold any more is lost, and so is a token of nothing', { skip }, async () => {
  const { db, kites, stream } = await watched()
  const token = stream.resumeToken
  await kites.insertMany([{ _id: 'a' }, { _id: 'b' }, { _id: 'c' }])
  const told = await events(stream, 3)
  await client.db('admin').command({ truncateOplog: told[2]?._id })
  assert.equal(await stream.tryNext(), null)
  const lost = await refused(db.watch([], { resumeAfter: token }))
  assert.deepEqual(
    [lost.code, lost.codeName, lost.errorLabels],
    [286, 'ChangeStreamHistoryLost', ['NonResumableChangeStreamError']],
  )
  assert.equal((await refused(db.watch([], { resumeAfter: told[0]?._id }))).code, 286)
  const [other] = await events(await opened(db, { resumeAfter: told[2]?._id }), 0)
  assert.equal(other, undefined)
  const nowhere = { _data: told[2]?._id._data.replace('2B022C010029', '2B022C01002B08') }
  assert.equal((await refused(db.watch([], { resumeAfter: nowhere }))).code, 280)
  assert.equal((await refused(db.watch([], { resumeAfter: { _data: 'x' } }))).code, 9)
  const asJson = JSON.parse(JSON.stringify({ ...told[2]?._id, _typeBits: new BSON.Binary(Buffer.of(1)) }))
  assert.equal((await refused(db.watch([], { resumeAfter: asJson }))).code, 40648)
})

test('collections that go or are renamed are told, and end the stream of what is gone', { skip }, async () => {
  const { db, kites, stream } = await watched()
  await kites.insertOne({ _id: 'a' })
  const own = kites.watch([], { startAfter: (await events(stream, 1))[0]?._id, maxAwaitTimeMS: 50 })
  await kites.rename('drakes')
  await db.collection('others').insertOne({ tail: 1 })
  await db.renameCollection('others', 'drakes', { dropTarget: true })
  await db.dropDatabase()
  const told = await events(stream, 6)
  assert.deepEqual(
    told.map(({ operationType, ns, to }) => [operationType, ns?.coll, to?.coll]),
    [
      ['rename', 'kites', 'drakes'],
      ['insert', 'others', undefined],
      ['rename', 'others', 'drakes'],
      ['drop', 'drakes', undefined],
      ['dropDatabase', undefined, undefined],
      ['invalidate', undefined, undefined],
    ],
  )
  assert.equal(await stream.tryNext(), null)
  assert.equal(stream.closed, true)
  assert.deepEqual(
    (await events(own, 2)).map(({ operationType }) => operationType),
    ['rename', 'invalidate'],
  )
  const end = told.at(-1)?._id
  assert.equal((await refused(db.watch([], { resumeAfter: end }))).code, 260)
  const again = await opened(db, { startAfter: end })
  await kites.insertOne({ _id: 'anew' })
  assert.equal((await events(again, 1))[0]?.documentKey._id, 'anew')
})

test('what cannot be is refused in the numbers of MongoDB', { skip }, async () => {
  const { db, kites, stream } = await watched()
  const codeOf = async (work: Promise<unknown>) => Object(await work.catch((error) => error)).code
  assert.equal(await codeOf(kites.aggregate([{ $match: {} }, { $changeStream: {} }]).toArray()), 40602)
  assert.equal((await refused(db.watch([{ $group: { _id: 1 } }]))).code, 20)
  const both = { resumeAfter: stream.resumeToken, startAfter: stream.resumeToken }
  assert.equal((await refused(db.watch([], both))).code, 40674)
  assert.equal((await refused(db.watch([], { readConcern: { level: 'local' } }))).code, 72)
  await using session = client.startSession()
  session.startTransaction()
  assert.equal((await refused(db.watch([], { session }))).code, 263)
  const without = db.watch([{ $set: { _id: 1 } }])
  const failing = refused(without)
  const told = events(stream, 1)
  await kites.insertOne({ _id: 'a' })
  await told
  assert.equal((await failing).code, 280)
})

test('an event of more than 16 MB is an error', { skip }, async () => {
  const { db, kites, stream } = await watched(images)
  await db.createCollection('kites', imaged)
  await kites.insertOne({ _id: 'a', text: 'x'.repeat(9_000_000) })
  await kites.updateOne({ _id: 'a' }, { $set: { tail: 1 } })
  await events(stream, 1)
  assert.equal((await refused(stream)).code, 10334)
})
