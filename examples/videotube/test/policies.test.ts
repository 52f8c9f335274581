import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openClub, self, upload } from './club.ts'

const notFound = { code: 'TAPRI_NOT_FOUND', status: 404 }
const denied = { code: 'TAPRI_DENIED', status: 403 }

test('an unpublished video is there for its owner only, in every way of looking', async () => {
  await using club = await openClub()
  const [ann, bob] = [await club.signUp('ann@club.test'), await club.signUp('bob@club.test')]
  const { id } = await upload(club, ann, 'Secret kites', false)

  for (const other of [bob, club.guest]) {
    await assert.rejects(other.videos.get({ id }), notFound)
    await assert.rejects(other.videos.stats({ id }), notFound)
    await assert.rejects(other.videos.view({ id }), notFound)
    assert.deepEqual((await other.videos.list({ q: 'Secret' })).rows, [])
  }
  assert.equal((await ann.videos.get({ id })).title, 'Secret kites')
  assert.deepEqual((await ann.videos.list({ q: 'Secret' })).rows, [], 'nor does the public list show it to its owner')
  assert.deepEqual(
    (await ann.videos.mine()).map((video) => video.id),
    [id],
  )
})

test('comments and likes of an unpublished video are hidden with it', async () => {
  await using club = await openClub()
  const [ann, bob] = [await club.signUp('ann@club.test'), await club.signUp('bob@club.test')]
  const { id } = await upload(club, ann, 'Kites')
  await bob.comments.create({ video: id, text: 'Higher!' })
  await bob.videos.like({ id, liked: true })

  await ann.videos.update({ id, title: 'Kites', published: false })

  assert.deepEqual(await bob.comments.list({ video: id }), [])
  assert.deepEqual(await club.guest.comments.list({ video: id }), [])
  assert.equal((await ann.comments.list({ video: id })).length, 1)
  assert.equal((await ann.videos.stats({ id })).likes, 1)
  // as if it had never been there
  await assert.rejects(bob.comments.create({ video: id, text: 'Still there?' }), { code: 'TAPRI_DATA_NO_SUCH_ROW', status: 422 })
})

test('only the owner edits, publishes and deletes a video', async () => {
  await using club = await openClub()
  const [ann, bob] = [await club.signUp('ann@club.test'), await club.signUp('bob@club.test')]
  const { id } = await upload(club, ann, 'Kites')

  await assert.rejects(bob.videos.update({ id, title: 'Mine now', published: true }), denied)
  await assert.rejects(bob.videos.remove({ id }), denied)
  await assert.rejects(club.guest.videos.remove({ id }), { status: 401 })
  assert.equal((await ann.videos.update({ id, title: 'Kites at dusk', published: true })).title, 'Kites at dusk')
  await ann.videos.remove({ id })
  await assert.rejects(ann.videos.get({ id }), notFound)
})

test('only the author edits and deletes a comment, not even the owner of the video', async () => {
  await using club = await openClub()
  const [ann, bob] = [await club.signUp('ann@club.test'), await club.signUp('bob@club.test')]
  const video = await upload(club, ann, 'Kites')
  const { id } = await bob.comments.create({ video: video.id, text: 'Higher!' })

  await assert.rejects(ann.comments.update({ id, text: 'Lower!' }), denied)
  await assert.rejects(ann.comments.remove({ id }), denied)
  await bob.comments.update({ id, text: 'Higher, please' })
  assert.deepEqual(
    (await ann.comments.list({ video: video.id })).map((comment) => comment.text),
    ['Higher, please'],
  )
  await bob.comments.remove({ id })
  assert.deepEqual(await ann.comments.list({ video: video.id }), [])
})

test('nobody can set the owner, the views or the author of anything', async () => {
  await using club = await openClub()
  const ann = await club.signUp('ann@club.test')
  const token = await club.token('ann@club.test')
  const { id } = await upload(club, ann, 'Kites')

  const answer = await fetch(`${club.url}/videos/${id}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ title: 'Kites', views: 1_000_000, owner: id }),
  })

  assert.equal(answer.status, 422)
  const { issues } = await answer.json()
  assert.deepEqual(
    issues.map((issue: { path: string[] }) => issue.path.join('.')),
    ['views', 'owner'],
  )
})

test('e-mail addresses are shown to nobody but their owner', async () => {
  await using club = await openClub()
  const [ann, bob] = [await club.signUp('ann@club.test'), await club.signUp('bob@club.test')]
  const { id } = await upload(club, ann, 'Kites')
  const channel = await self(ann)

  const seen = JSON.stringify([
    await bob.videos.get({ id }),
    await bob.videos.list({ owner: channel.id }),
    await bob.channels.get({ id: channel.id }),
  ])

  assert.equal(channel.email, 'ann@club.test')
  assert.ok(!seen.includes('ann@club.test'))
})

test('the file of an unpublished video is served to its owner only', async () => {
  await using club = await openClub()
  const ann = await club.signUp('ann@club.test')
  const { source } = await upload(club, ann, 'Secret kites', false)
  assert.ok(source)
  const address = new URL(source.url, club.url)

  assert.equal((await fetch(address)).status, 404)
  const authorization = `Bearer ${await club.token('ann@club.test')}`
  assert.equal((await fetch(address, { headers: { authorization } })).status, 200)
})
