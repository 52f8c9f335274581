import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MongoClient } from 'mongodb'
import { listen } from '../../capture/listen.fixture.ts'
import { int, model, openDatabase, scratchDatabase, text } from '../../index.ts'

const replica = process.env.TEST_MONGODB_REPLICA_URL ?? ''
const standIn = process.env.TEST_MONGODB_URL ?? ''
const models = { notes: model({ text: text(), count: int() }) }
type Models = typeof models

test('MongoDB: what another program writes is told as if the app had written it', {
  skip: replica === '' && 'set TEST_MONGODB_REPLICA_URL: MongoDB itself, as a replica set',
}, async () => {
  const scratch = await scratchDatabase(replica)
  const url = `${scratch.url}${scratch.url.includes('?') ? '&' : '?'}capture=on`
  const database = await openDatabase({ models, policies: [], url, migrate: 'auto' })
  const client = new MongoClient(scratch.url)
  const notes = client.db().collection<{ _id: string }>('notes')
  try {
    const told = listen(database)
    await told.until(({ id }) => id === '')
    const { id } = await database.systemDb<Models>().notes.create({ text: 'own', count: 1 })
    const [own] = await notes.find({ _id: id }).toArray()
    assert.ok(own)
    await client.withSession((session) =>
      session.withTransaction(async () => {
        await notes.insertOne({ ...own, _id: 'one' }, { session })
        await notes.insertOne({ ...own, _id: 'two' }, { session })
      }),
    )
    await told.until((change) => change.id === 'two')
    await notes.updateOne({ _id: 'one' }, { $set: { text: 'changed' } })
    await told.until((change) => change.after?.text === 'changed')
    await notes.deleteOne({ _id: 'one' })
    await told.until((change) => change.after === null)
    const made = { id: 'one', text: 'own', count: 1 }
    const changed = { ...made, text: 'changed' }
    assert.equal(told.changes().filter((change) => change.id === id).length, 1)
    assert.deepEqual(
      told.changes().filter((change) => change.id === 'one'),
      [
        { model: 'notes', id: 'one', before: null, after: made },
        { model: 'notes', id: 'one', before: made, after: changed },
        { model: 'notes', id: 'one', before: changed, after: null },
      ],
    )
  } finally {
    await client.close()
    await database.close()
    await scratch.dispose()
  }
})

test('a server without change streams is refused at the start', {
  skip: standIn === '' && 'set TEST_MONGODB_URL',
}, async (context) => {
  const scratch = await scratchDatabase(standIn)
  const url = `${scratch.url}${scratch.url.includes('?') ? '&' : '?'}capture=on`
  try {
    await openDatabase({ models, policies: [], url, migrate: 'auto' }).then(
      async (database) => {
        await database.close()
        context.skip('this server has change streams')
      },
      (error) => assert.equal(error.code, 'TAPRI_DATA_CAPTURE'),
    )
  } finally {
    await scratch.dispose()
  }
})
