import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { model, openDatabase, text } from 'tapri/data'
import { encode } from '../scripts/services/mongo-gateway/bson.ts'
import { answerTo, messageReader } from '../scripts/services/mongo-gateway/wire.ts'
import { openServer } from '../scripts/services/server.ts'

const skip = process.env.TEST_MONGODB_URL === undefined ? 'set TEST_MONGODB_URL' : false
const models = { notes: model({ text: text({ unique: true }) }) }

test('what was answered outlives a power cut, requests in it are told so, and later ones are served', { skip }, async () => {
  await using server = await openServer('mongodb', { durable: true })
  const url = `${server.url}&serverSelectionTimeoutMS=5000`
  const database = await openDatabase({ models, policies: [], url, migrate: 'auto' })
  try {
    const { notes } = database.systemDb<typeof models>()
    const answered: string[] = []
    const lost: unknown[] = []
    const write = async (number: number) => {
      try {
        const { text } = await notes.create({ text: String(number) })
        answered.push(text)
      } catch (error) {
        lost.push(error)
      }
    }
    await Promise.all(Array.from({ length: 20 }, (_, number) => write(number)))
    assert.equal(answered.length, 20)
    const writing = Promise.all(Array.from({ length: 5 }, (_, number) => write(100 + number)))
    await server.kill()
    await writing
    await write(999)
    assert.ok(lost.length > 0)
    for (const error of lost) assert.equal(Object(error).code, 'TAPRI_DATA_UNREACHABLE')
    assert.equal((await database.health()).answers, false)
    await server.restart()
    await notes.create({ text: 'after' })
    const kept = (await notes.find()).map(({ text }) => text)
    for (const text of [...answered, 'after']) assert.ok(kept.includes(text), text)
    // the log tells of what is there, and of nothing else
    const told = (await database.changes.since(0, 1000)).flatMap(({ changes }) => changes.map(({ after }) => after?.text))
    assert.deepEqual(told.toSorted(), kept.toSorted())
  } finally {
    await database.close()
  }
})

const alone = { isWritablePrimary: true, maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000, maxWriteBatchSize: 1000 }

for (const [facts, reason] of [
  [{ minWireVersion: 0, maxWireVersion: 21 }, /stands alone and so has no transactions: .*--replSet rs0.*rs\.initiate/],
  [{ minWireVersion: 0, maxWireVersion: 13, setName: 'rs0' }, /older than MongoDB 6\.0/],
] as const) {
  test(`a server without what is needed is refused with what it lacks: ${reason.source.slice(0, 30)}`, async () => {
    const server = createServer((socket) => {
      const read = messageReader((message) => socket.write(answerTo(message, encode({ ...alone, ...facts, ok: 1 }))))
      socket.on('data', read).on('error', () => {})
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    try {
      const url = `mongodb://127.0.0.1:${address.port}/club?directConnection=true`
      const opening = openDatabase({ models, policies: [], url, migrate: 'auto' })
      await assert.rejects(opening, { code: 'TAPRI_DATA_OPEN', message: reason })
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  })
}
