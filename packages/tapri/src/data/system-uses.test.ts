import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type LogEntry, openLog } from '../observe/index.ts'
import { openClub } from './club.fixture.ts'

test('each way past the policies is counted by its reason, and told to the log', async () => {
  const log = openLog({ format: 'silent', level: 'debug' })
  const heard: LogEntry[] = []
  log.subscribe((entry) => heard.push(entry))
  await using club = await openClub({ log })
  const db = club.as(club.ann)
  await db.asSystem('count a view').videos.count()
  await db.transaction((within) => within.asSystem('count a view').videos.count())
  await club.as(null).asSystem('tidy up').videos.count()
  assert.deepEqual(
    [...club.database.systemUses],
    [
      ['count a view', 2],
      ['tidy up', 1],
    ],
  )
  const told = heard.filter(({ event }) => event === 'data.system.used').map(({ facts }) => facts)
  assert.deepEqual(told[0], { reason: 'count a view', user: club.ann.id })
  assert.deepEqual(told[2], { reason: 'tidy up', user: null })
})

test('without a reason nobody goes past the policies', async () => {
  await using club = await openClub()
  const db: any = club.as(club.ann)
  for (const reason of [undefined, '', '  ', 7, 'x'.repeat(101)]) {
    assert.throws(() => db.asSystem(reason), { code: 'TAPRI_DATA_REASON' })
  }
  assert.equal(club.database.systemUses.size, 0)
})

test('reasons that are made up anew each time do not fill the memory', async () => {
  await using club = await openClub()
  const db = club.as(club.ann)
  for (let turn = 0; turn < 600; turn++) db.asSystem(`look at ${turn}`)
  assert.equal(club.database.systemUses.size, 501)
  assert.equal(club.database.systemUses.get('other reasons'), 100)
})
