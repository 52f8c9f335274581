import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Collection, MongoClient } from 'mongodb'
import { model, text } from 'tapri/data'
import { killAtWork } from '../packages/tapri/src/data/capture/kill.fixture.ts'
import { listen } from '../packages/tapri/src/data/capture/listen.fixture.ts'
import { kindOf } from '../packages/tapri/src/data/capture/outside.fixture.ts'
import { openDatabase } from '../packages/tapri/src/data/index.ts'
import { manualClock } from '../packages/tapri/src/kit/clock.ts'
import { findService, whyMissing } from '../scripts/services/find.ts'
import { openServer } from '../scripts/services/server.ts'

// what is done to these servers would be felt by every other test
const skip = (await findService('mongodb')) === undefined && whyMissing('mongodb')
const models = { notes: model({ text: text() }) }

interface Meta {
  _id: string
  value?: string
}

interface Note {
  _id: string
  text: string
}

test('MongoDB: a process that is killed at work loses and repeats nothing', { skip }, async () => {
  await using server = await openServer('mongodb')
  const admin = await MongoClient.connect(server.url)
  // or nobody could write for a minute after a process was killed in a transaction
  await admin.db('admin').command({ setParameter: 1, transactionLifetimeLimitSeconds: 3 })
  await admin.close()
  await (await kindOf('MongoDB', server.url)).with(killAtWork)
})

test('a quiet app keeps its place fresh: the server may forget the rest', { skip }, async () => {
  await using own = await openServer('mongodb')
  const clock = manualClock()
  const url = `${own.url}&capture=on`
  const client = await MongoClient.connect(own.url)
  const place = () => placeOf(client.db().collection<Meta>('tapri_meta'))
  const first = await openDatabase({ models, policies: [], url, migrate: 'auto', clock })
  try {
    await listen(first).until(({ id }) => id === '')
    const old = await place()
    // of other collections nothing is told
    for (let at = 0; at < 3; at++) await client.db().collection('others').insertOne({ at })
    const stream = client.db().watch()
    await stream.tryNext()
    const { resumeToken: now } = stream
    await stream.close()
    // tokens are in the order of their time
    while (JSON.parse(await place())._data < Object(now)._data) clock.advance(1000)
    await first.close()
    await client.db('admin').command({ truncateOplog: now })
    const lost = client.db().watch([], { startAfter: JSON.parse(old) })
    await assert.rejects(lost.tryNext(), { code: 286 })
    const notes = client.db().collection<Note>('notes')
    await notes.insertOne({ _id: '1', text: 'while it was down' })
    const again = await openDatabase({ models, policies: [], url, migrate: 'auto', clock })
    const told = listen(again)
    await notes.insertOne({ _id: '2', text: 'when it was up' })
    await told.until(({ id }) => id === '2')
    const changes = (await again.changes.since(0, 100)).flatMap((each) => each.changes)
    assert.deepEqual(
      changes.map(({ id }) => id),
      ['', '1', '2'],
    )
    await again.close()
  } finally {
    await first.close()
    await client.close()
  }
})

async function placeOf(meta: Collection<Meta>): Promise<string> {
  return (await meta.findOne({ _id: 'captured' }))?.value ?? ''
}
