import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { manualClock } from '../../../kit/clock.ts'
import { int, model, openDatabase, type SystemDb } from '../../index.ts'
import { scratchMongo } from './scratch.ts'

const server = process.env.TEST_MONGODB_URL ?? ''
const skip = server === '' ? 'set TEST_MONGODB_URL' : false
const models = { counters: model({ number: int({ default: 0 }) }) }

/** Stands before a server, and keeps the answer of an aggregation back when it is told to. */
async function openGate({ hostname, port }: URL) {
  let held: ((client: Socket) => void) | undefined
  const gate = createServer((client) => {
    const behind = connect(Number(port), hostname)
    client.on('data', (chunk) => {
      if (held !== undefined && chunk.includes('aggregate')) {
        behind.pause()
        held(client)
        held = undefined
      }
      behind.write(chunk)
    })
    behind.on('data', (chunk) => client.write(chunk))
    client.on('close', () => behind.destroy())
    behind.on('close', () => client.destroy())
    for (const socket of [client, behind]) socket.on('error', () => socket.destroy())
  })
  gate.listen(0, '127.0.0.1')
  await once(gate, 'listening')
  return {
    // what `listen` was given above is an address of the internet
    port: (gate.address() as AddressInfo).port,
    /** Ends with the connection that the next aggregation comes over. */
    hold: () =>
      new Promise<Socket>((resolve) => {
        held = resolve
      }),
    close: () => new Promise((resolve) => gate.close(resolve)),
  }
}

const leaving = {
  read: (db: SystemDb<typeof models>) => db.counters.count({ where: { number: 1 } }),
  write: (db: SystemDb<typeof models>) => db.counters.updateWhere({ number: 1 }, { number: 2 }),
  transaction: (db: SystemDb<typeof models>) =>
    db.transaction(async (within) => {
      await within.counters.create({ number: 2 })
      await within.counters.count()
    }),
}

for (const leave of ['read', 'write', 'transaction'] as const) {
  test(`a ${leave} that waits for a long answer is given up at once when its caller leaves`, { skip }, async () => {
    const scratch = await scratchMongo(server)
    const url = new URL(scratch.url)
    const gate = await openGate(url)
    url.port = String(gate.port)
    url.search = '?directConnection=true'
    const database = await openDatabase({ models, policies: [], url: url.href, migrate: 'auto', clock: manualClock() })
    try {
      const system = database.systemDb<typeof models>()
      await system.counters.create({ number: 1 })
      const abort = new AbortController()
      const db = database.asCaller<typeof models>({ user: null }, { signal: abort.signal }).asSystem('test')
      const asked = gate.hold()
      const refused = assert.rejects(leaving[leave](db), { code: 'TAPRI_DATA_ABORTED' })
      const hungUp = once(await asked, 'close')
      abort.abort()
      await hungUp
      await refused
      await system.counters.create({ number: 3 })
      assert.deepEqual(
        (await system.counters.find({ orderBy: 'number' })).map(({ number }) => number),
        [1, 3],
      )
    } finally {
      await database.close()
      await gate.close()
      await scratch.dispose()
    }
  })
}
