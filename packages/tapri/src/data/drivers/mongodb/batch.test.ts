import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { manualClock } from '../../../kit/clock.ts'
import { openCatalog } from '../../catalog.ts'
import type { Transaction } from '../../driver.ts'
import { model, openDatabase, text } from '../../index.ts'
import { Batch } from './batch.ts'
import { Codec } from './codec.ts'
import { scratchMongo } from './scratch.ts'
import { openServer, type Stored } from './server.ts'
import { MongoTransaction } from './transaction.ts'
import { Turn } from './turn.ts'
import { readUrl } from './url.ts'

const place = process.env.TEST_MONGODB_URL ?? ''
const skip = place === '' ? 'set TEST_MONGODB_URL' : false
const models = { users: model({ name: text({ unique: true }) }) }
const users = openCatalog(models, {}, () => 0).get('users') ?? assert.fail()

/** What becomes of it, whenever somebody asks. */
function settled(ending: Promise<void>): { state: string; done: Promise<void> } {
  const seen = { state: 'waiting', done: Promise.resolve() }
  seen.done = ending.then(
    () => {
      seen.state = 'committed'
    },
    (error) => {
      seen.state = error.code
    },
  )
  return seen
}

async function openPlace(url: string) {
  const made = await openDatabase({ models, policies: [], url, migrate: 'auto' })
  await made.close()
  const server = await openServer(readUrl(url))
  const clock = manualClock(0)
  const begun = await new Turn(server).begin()
  const batch = new Batch(server, begun, () => clock.now())
  const join = async () => {
    const frame = await batch.join()
    return frame === undefined ? undefined : new MongoTransaction(server, new Codec(server.numbers), frame)
  }
  return {
    server,
    clock,
    first: begun.position,
    join,
    /** What others see. */
    names: async () => (await server.db.collection<Stored>('users').find().sort({ name: 1 }).toArray()).map(({ name }) => name),
    log: async () => (await server.changes().find().sort({ _id: 1 }).toArray()).map(({ _id, changes }) => [_id, changes]),
    /** One member that writes a user and its entry; `acknowledged` ends when it may be told of. */
    async write(name: string) {
      const member = (await join()) ?? assert.fail('there is no place any more')
      await member.insert(users, { id: `id of ${name}`, name })
      const position = await member.appendChanges(0, name)
      return { position, acknowledged: settled(member.commit()) }
    },
  }
}

function claim(text: string, check: (place: Awaited<ReturnType<typeof openPlace>>) => Promise<void>): void {
  test(text, { skip }, async () => {
    const scratch = await scratchMongo(place)
    const opened = await openPlace(scratch.url)
    try {
      await check(opened)
    } finally {
      await opened.server.close()
      await scratch.dispose()
    }
  })
}

async function joined(join: () => Promise<Transaction | undefined>): Promise<Transaction> {
  return (await join()) ?? assert.fail('there is no place any more')
}

claim('transactions of one moment share a commit, and none is acknowledged before it', async ({ write, names, log, first }) => {
  const all = [await write('a'), await write('b'), await write('c')]
  assert.deepEqual(
    all.map(({ acknowledged }) => acknowledged.state),
    ['waiting', 'waiting', 'waiting'],
  )
  for (const { acknowledged } of all) await acknowledged.done
  assert.deepEqual(
    all.map(({ acknowledged, position }) => [acknowledged.state, position]),
    [
      ['committed', first],
      ['committed', first + 1],
      ['committed', first + 2],
    ],
  )
  assert.deepEqual(await names(), ['a', 'b', 'c'])
  assert.deepEqual(await log(), [
    [first, 'a'],
    [first + 1, 'b'],
    [first + 2, 'c'],
  ])
})

claim('one that fails takes back what it wrote, and is told when the others are committed', async (shared) => {
  const { write, names, log, first, join } = shared
  const one = await write('a')
  const failing = await joined(join)
  await failing.insert(users, { id: 'x', name: 'x' })
  await failing.update(users, 'id of a', { name: 'y' })
  await failing.appendChanges(0, 'x')
  await assert.rejects(failing.insert(users, { id: 'z', name: 'x' }), { code: 'TAPRI_DATA_NOT_UNIQUE' })
  const told = settled(failing.rollback())
  await Promise.resolve()
  assert.deepEqual([one.acknowledged.state, told.state], ['waiting', 'waiting'])
  await Promise.all([one.acknowledged.done, told.done])
  assert.deepEqual([one.acknowledged.state, told.state], ['committed', 'committed'])
  assert.deepEqual([await names(), await log()], [['a'], [[first, 'a']]])
})

claim('members see what those before them wrote, and keep their unique values', async ({ write, join, names }) => {
  const one = await write('a')
  const next = await joined(join)
  assert.deepEqual(await next.row(users, 'id of a'), { id: 'id of a', name: 'a' })
  await assert.rejects(next.insert(users, { id: 'other', name: 'a' }), { code: 'TAPRI_DATA_NOT_UNIQUE' })
  await next.rollback()
  await one.acknowledged.done
  assert.deepEqual(await names(), ['a'])
})

claim('when the server ends the transaction all are undone, and may pass when they are run again', async (shared) => {
  const { write, names, log, server, join } = shared
  const one = await write('a')
  const next = await joined(join)
  // what another process has made since, in a place that the batch cannot see
  await server.db.collection<Stored>('users').insertOne({ _id: 'id of b', name: 'theirs' })
  const failed = settled(
    next
      .insert(users, { id: 'id of b', name: 'b' })
      .then(() => next.row(users, 'id of b'))
      .then(() => {}),
  )
  await failed.done
  assert.notEqual(failed.state, 'committed')
  await settled(next.rollback()).done
  await one.acknowledged.done
  assert.equal(one.acknowledged.state, 'TAPRI_DATA_CONFLICT')
  assert.deepEqual([await names(), await log()], [['theirs'], []])
  assert.equal(await join(), undefined)
})

claim('a batch in which nobody wrote anything leaves no place in the log', async ({ server, join, first }) => {
  const reading = await joined(join)
  assert.equal(await reading.row(users, 'nobody'), undefined)
  await reading.commit()
  const { session, position } = await new Turn(server).begin()
  assert.equal(position, first)
  await session.abortTransaction()
  await session.endSession()
})

claim('a batch ends when it is large, though more and more come', async (shared) => {
  const { write, join, names } = shared
  const all = []
  for (let number = 0; number < 200; number++) all.push(await write(`name ${number}`))
  assert.equal(await join(), undefined)
  for (const { acknowledged } of all) await acknowledged.done
  assert.equal((await names()).length, 200)
})

claim('those who came first are not kept for longer than a few milliseconds', async ({ write, clock, join }) => {
  const one = await write('a')
  clock.advance(26)
  const last = await write('b')
  assert.equal(await join(), undefined)
  await Promise.all([one.acknowledged.done, last.acknowledged.done])
  assert.deepEqual([one.acknowledged.state, last.acknowledged.state], ['committed', 'committed'])
})

claim('a batch waits for the one at work, however long that takes', async ({ write, join, names }) => {
  const one = await write('a')
  const working = await joined(join)
  await nextTurn()
  await nextTurn()
  assert.equal(one.acknowledged.state, 'waiting')
  await working.insert(users, { id: 'w', name: 'w' })
  await working.commit()
  await one.acknowledged.done
  assert.deepEqual(await names(), ['a', 'w'])
})
