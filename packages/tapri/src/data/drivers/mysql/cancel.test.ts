import assert from 'node:assert/strict'
import { add, int, model } from '../../index.ts'
import { claim } from './servers.fixture.ts'

const models = { counters: model({ number: int({ default: 0 }) }) }

for (const leave of ['write', 'transaction'] as const) {
  claim(`a ${leave} that waits for a row is given up at once when its caller leaves`, models, async ({ open, connect }) => {
    const database = await open()
    const system = database.systemDb<typeof models>()
    const { id } = await system.counters.create({})
    const holder = await connect()
    await holder.query('start transaction; update counters set number = number + 1 where id = ?', [id])
    const abort = new AbortController()
    const db = database.asCaller<typeof models>({ user: null }, { signal: abort.signal }).asSystem('test')
    const leaving =
      leave === 'write'
        ? db.counters.update(id, { number: add(10) })
        : db.transaction(async (within) => {
            await within.counters.create({})
            await within.counters.update(id, { number: add(10) })
          })
    const refused = assert.rejects(leaving, { code: 'TAPRI_DATA_ABORTED' })
    // the holder has the row, so whoever is at this statement waits for it
    const waiting =
      "select count(*) from information_schema.processlist where db = database() and command = 'Execute' and info like '%for update'"
    for (let count: unknown = 0; Number(count) === 0; ) {
      const [rows] = await holder.query({ sql: waiting, rowsAsArray: true })
      count = Array.isArray(rows) && Array.isArray(rows[0]) ? rows[0][0] : 0
    }
    abort.abort()
    // the row is still held: it did not wait for that
    await refused
    await holder.query('commit')
    await system.counters.update(id, { number: add(100) })
    assert.deepEqual(
      (await system.counters.find()).map(({ number }) => number),
      [101],
    )
  })
}
