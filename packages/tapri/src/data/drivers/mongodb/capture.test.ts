import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { test } from 'node:test'
import { MongoClient } from 'mongodb'
import { openLog } from '../../../observe/index.ts'
import { listen } from '../../capture/listen.fixture.ts'
import { heard, kinds, type Place } from '../../capture/outside.fixture.ts'
import { model, openDatabase, scratchDatabase, text } from '../../index.ts'

const server = process.env.TEST_MONGODB_URL ?? ''
const kind = kinds.find((each) => each.kind === 'MongoDB')
const skip = kind === undefined ? 'set TEST_MONGODB_URL' : kind.skip
const models = { notes: model({ text: text() }) }

interface Person {
  _id: string
  name: string
}

function claim(text: string, check: (place: Place) => Promise<void>): void {
  test(text, { skip }, () => kind?.with(check))
}

/** The plain driver at the database of a place. */
async function plain(place: Place) {
  const client = place.kept(await MongoClient.connect(place.url.replace(/[?&]capture=on/, '')))
  return { client, db: client.db(), people: client.db().collection<Person>('people') }
}

claim('what was committed together is one entry, and what follows it is told when the app is up again', async (place) => {
  const { database, told } = await heard(place)
  const { client, people } = await plain(place)
  const make = (id: string) => ({ _id: id, name: 'Ann' })
  await client.withSession((session) =>
    session.withTransaction(async () => {
      await people.insertOne(make('1'), { session })
      await people.bulkWrite([{ insertOne: { document: make('2') } }, { deleteOne: { filter: { _id: '1' } } }], { session })
      await people.findOneAndUpdate({ _id: '2' }, { $set: { name: 'Bo' } }, { session })
    }),
  )
  await told.until(({ id, after }) => id === '2' && after?.name === 'Bo')
  const [commit] = told.commits
  assert.deepEqual(
    commit?.changes.map(({ id, before, after }) => [id, before?.name, after?.name]),
    [
      ['1', undefined, 'Ann'],
      ['2', undefined, 'Ann'],
      ['1', 'Ann', undefined],
      ['2', 'Ann', 'Bo'],
    ],
  )
  await database.close()
  await people.insertOne(make('3'))
  const again = await place.open()
  const toldAgain = listen(again)
  await people.insertOne(make('4'))
  await toldAgain.until(({ id }) => id === '4')
  const changes = (await again.changes.since(commit?.position ?? 0, 100)).flatMap((each) => each.changes)
  assert.deepEqual(
    changes.map(({ id }) => id),
    ['3', '4'],
  )
})

claim(
  'a collection that takes the place of another may hold anything, and what comes later is told whole again',
  async (place) => {
    const { told } = await heard(place)
    const { db, people } = await plain(place)
    await db.collection<Person>('fresh').insertOne({ _id: '1', name: 'Ann' })
    await db.renameCollection('fresh', 'people', { dropTarget: true })
    await told.until(({ id }) => id === '')
    assert.deepEqual(
      told.changes().map(({ model }) => model),
      ['people'],
    )
    const isWhole = () => told.changes().some(({ before, after }) => before !== null && after !== null)
    // the collection is asked for its images when one is missing
    for (let at = 0; !isWhole(); at++) {
      const before = told.commits.length
      await people.updateOne({ _id: '1' }, { $set: { name: `Ann ${at}` } })
      await told.until(() => told.commits.length > before)
    }
    const whole = told.changes().at(-1)
    assert.match(String(whole?.before?.name), /^Ann/)
  },
)

claim('a row too large to be told may have changed anyhow, and nothing waits behind it', async (place) => {
  const { told } = await heard(place, { expected: 'TAPRI_DATA_CAPTURE' })
  const { db, people } = await plain(place)
  // a field that no model reads
  await people.insertOne(Object({ _id: '1', name: 'Ann', rest: 'x'.repeat(9_000_000) }))
  await told.until(({ id }) => id === '1')
  // the event has it twice: before and after
  await people.updateOne({ _id: '1' }, { $set: { name: 'Bo' } })
  await told.until(({ id }) => id === '')
  assert.deepEqual(new Set(told.changes().map(({ id, model }) => (id === '' ? model : ''))), new Set(['', 'people', 'things']))
  await people.deleteOne({ _id: '1' })
  await told.until(({ id, after }) => id === '1' && after === null)
  await db.collection('people').drop()
})

claim('without capture in the URL only those collections keep no images that kept them for it', async (place) => {
  const { db } = await plain(place)
  const keep = { changeStreamPreAndPostImages: { enabled: true } }
  await (await place.open({ capture: false })).close()
  await db.createCollection('ours', keep)
  // of the app's own, asked for by somebody else before
  await db.command({ collMod: 'things', ...keep })
  const imaged = async () => {
    const all = await db.listCollections().toArray()
    return all.filter((each) => Object(each).options?.changeStreamPreAndPostImages?.enabled === true).map(({ name }) => name)
  }
  const { database, told } = await heard(place)
  // made anew while it is heard
  await db.collection('people').drop()
  await told.until(({ id }) => id === '')
  const people = db.collection<Person>('people')
  await people.insertOne({ _id: '1', name: 'Ann' })
  for (let at = 0; !(await imaged()).includes('people'); at++) {
    const before = told.commits.length
    await people.updateOne({ _id: '1' }, { $set: { name: `Ann ${at}` } })
    await told.until(() => told.commits.length > before)
  }
  await database.close()
  await (await place.open({ capture: false })).close()
  assert.deepEqual((await imaged()).sort(), ['ours', 'things'])
})

claim('a database that somebody drops is told as an error, and keeps nobody busy', async (place) => {
  const failed = Promise.withResolvers<unknown>()
  const log = openLog({ write: () => {} })
  let isDropped = false
  log.subscribe(({ level, facts }) => isDropped && level === 'error' && failed.resolve(facts.error))
  const url = `${place.url}&statement_timeout=10s`
  const database = place.kept(await openDatabase({ models, policies: [], url, migrate: 'auto', log }))
  await listen(database).until(({ id }) => id === '')
  const { db } = await plain(place)
  isDropped = true
  await db.dropDatabase()
  // it can write its log no more; a stream that has ended and is asked again and again would let nothing else happen
  assert.match(String(Object(await failed.promise).code), /^TAPRI_DATA_(BUSY|UNREACHABLE)$/)
})

test('a server without change streams is refused at the start', { skip }, async () => {
  const scratch = await scratchDatabase(server)
  const target = new URL(scratch.url)
  // what speaks MongoDB's protocol and does not know the stage
  const gate = createServer((socket) => {
    const beyond = connect(Number(target.port), target.hostname)
    socket.on('data', (chunk) =>
      beyond.write(Buffer.from(chunk.toString('latin1').replace('$changeStream', '$changeNothin'), 'latin1')),
    )
    beyond.on('data', (chunk) => socket.write(chunk))
    socket.on('close', () => beyond.destroy())
    for (const end of [socket, beyond]) end.on('error', () => end.destroy())
  })
  gate.listen(0, '127.0.0.1')
  await once(gate, 'listening')
  const address = gate.address()
  const port = typeof address === 'object' ? address?.port : 0
  try {
    const url = `mongodb://127.0.0.1:${port}${target.pathname}?directConnection=true&capture=on`
    await assert.rejects(openDatabase({ models, policies: [], url, migrate: 'auto' }), {
      code: 'TAPRI_DATA_CAPTURE',
      message: /^Cannot hear what others write to the database: the server has no change stream for us/,
    })
  } finally {
    gate.close()
    await scratch.dispose()
  }
})
