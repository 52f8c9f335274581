import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../kit/ids.ts'
import { models as club, openClub, policies, policy } from './club.fixture.ts'

/** What a caller can tell of an error. */
async function told(work: Promise<unknown>, ...ids: readonly string[]): Promise<string> {
  try {
    await work
  } catch (error: any) {
    const text = JSON.stringify([error.code, error.status, error.message, error.issues ?? null, error.facts ?? null])
    return ids.reduce((all, id) => all.replaceAll(id, 'ID'), text)
  }
  return 'done'
}

test('a row that may not be read is not there for those who would refer to it', async () => {
  await using opened = await openClub()
  const { ann, bob, system } = opened
  const hidden = await system.videos.create({ title: 'Draft', author: ann.id })
  const own = await system.comments.create({ text: 'x', video: hidden.id, author: bob.id })
  const nobody: any = newId(0)
  const { comments, likes } = opened.as(bob)
  const asked = [
    (video: typeof hidden.id) => comments.create({ text: 'hi', video, author: bob.id }),
    (video: typeof hidden.id) => comments.createMany([{ text: 'hi', video, author: bob.id }]),
    (video: typeof hidden.id) => likes.create({ video, user: bob.id }),
    (video: typeof hidden.id) => likes.upsert({ video, user: bob.id }, { on: ['video', 'user'] }),
  ]
  for (const ask of asked) {
    const answer = await told(ask(hidden.id), hidden.id)
    assert.match(answer, /TAPRI_DATA_NO_SUCH_ROW/)
    assert.equal(answer, await told(ask(nobody), nobody))
  }
  assert.equal((await system.comments.get(own.id)).text, 'x')
  await system.videos.update(hidden.id, { published: true })
  assert.equal((await comments.create({ text: 'hi', video: hidden.id, author: bob.id })).text, 'hi')
})

test('a change to a hidden row is refused as one to no row is, and what refers to one already may stay', async () => {
  const loose = [
    ...policies.filter(({ model }) => model !== 'comments'),
    policy('comments', { read: () => true, create: () => true, update: () => true }),
  ]
  await using opened = await openClub({ policies: loose })
  const { ann, bob, system } = opened
  const open = await system.videos.create({ title: 'Open', published: true, author: ann.id })
  const hidden = await system.videos.create({ title: 'Draft', author: ann.id })
  const comment = await system.comments.create({ text: 'x', video: open.id, author: bob.id })
  const { comments } = opened.as(bob)
  const nobody: any = newId(0)
  const answer = await told(comments.update(comment.id, { video: hidden.id }), hidden.id)
  assert.match(answer, /TAPRI_DATA_NO_SUCH_ROW/)
  assert.equal(answer, await told(comments.update(comment.id, { video: nobody }), nobody))
  await system.videos.update(open.id, { published: false })
  assert.equal((await comments.update(comment.id, { text: 'y' })).text, 'y')
  assert.equal((await comments.update(comment.id, { text: 'z', video: open.id })).text, 'z')
})

test('who asks may name itself where nobody reads users', async () => {
  await using opened = await openClub({ policies: policies.filter(({ model }) => model !== 'users') })
  const { ann, bob } = opened
  const { videos } = opened.as(ann)
  assert.equal((await videos.create({ title: 'Mine', author: ann.id })).author, ann.id)
  await assert.rejects(videos.create({ title: 'Mine', author: ann.id, reviewer: bob.id }), { code: 'TAPRI_DATA_NO_SUCH_ROW' })
})

test('a delete that hidden rows hold back tells that something does, not what', async () => {
  const rules = [...policies.filter(({ model }) => model !== 'users'), policy('users', { read: () => true, delete: () => true })]
  await using opened = await openClub({ policies: rules, models: club })
  const { ann, bob, system } = opened
  const { users } = opened.as(bob)
  await system.videos.create({ title: 'Draft', author: ann.id })
  await assert.rejects(users.delete(ann.id), (error: any) => {
    assert.equal(error.code, 'TAPRI_DATA_STILL_USED')
    assert.equal(error.message, 'Cannot delete the row of users: something that you may not see needs it')
    return true
  })
  await system.videos.create({ title: 'Open', published: true, author: ann.id })
  await assert.rejects(users.delete(ann.id), { message: 'Cannot delete the row of users: "author" of 1 row of videos needs it' })
  await assert.rejects(system.users.delete(ann.id), {
    message: 'Cannot delete the row of users: "author" of 2 rows of videos needs it',
  })
})
