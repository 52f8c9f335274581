import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openClub } from './club.fixture.ts'

test('work for after the commit runs once it holds, in order, before the transaction answers', async () => {
  await using club = await openClub()
  const { system, ann } = club
  const seen: (string | number)[] = []
  await club.as(ann).transaction(async (db) => {
    db.afterCommit(async () => seen.push(await system.videos.count()))
    const video = await db.videos.create({ title: 'X', author: ann.id })
    db.asSystem('test').afterCommit(() => seen.push(video.title))
    seen.push('inside')
  })
  assert.deepEqual(seen, ['inside', 1, 'X'])
})

test('it never runs for what was undone', async () => {
  await using club = await openClub()
  const { system, ann } = club
  const seen: string[] = []
  const failing = club.as(ann).transaction(async (db) => {
    db.afterCommit(() => seen.push('outer'))
    throw new Error('no')
  })
  await assert.rejects(failing, /no/)
  await system.transaction(async (db) => {
    await db.transaction(async (inner) => inner.afterCommit(() => seen.push('kept')))
    const undone = db.transaction(async (inner) => {
      inner.afterCommit(() => seen.push('undone'))
      throw new Error('no')
    })
    await assert.rejects(undone, /no/)
    assert.deepEqual(seen, [])
  })
  assert.deepEqual(seen, ['kept'])
})

test('it may write, and what goes wrong in it is told to the log alone', async () => {
  const errors: unknown[] = []
  const log: any = {
    error: (_message: string, facts: { error: Error }) => errors.push(facts.error.message),
    info: () => {},
    warn: () => {},
    event: () => {},
  }
  await using club = await openClub({ log })
  const { system } = club
  const answer = await system.transaction(async (db) => {
    db.afterCommit(() => {
      throw new Error('broken')
    })
    db.afterCommit(() => system.secrets.create({ text: 'after' }))
    return 'done'
  })
  assert.equal(answer, 'done')
  assert.deepEqual(errors, ['broken'])
  assert.equal(await system.secrets.count(), 1)
})

test('outside of a transaction it runs at once, after the end of one it is refused', async () => {
  await using club = await openClub()
  const { system } = club
  const seen: string[] = []
  system.afterCommit(() => seen.push('now'))
  assert.deepEqual(seen, ['now'])
  const ended = await system.transaction(async (db) => db)
  assert.throws(() => ended.afterCommit(() => {}), { code: 'TAPRI_DATA_TRANSACTION' })
})
