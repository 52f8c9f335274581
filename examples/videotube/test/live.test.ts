import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openClub, upload } from './club.ts'

test('comments arrive live: written, edited and deleted', async () => {
  await using club = await openClub()
  const [ann, bob] = [await club.signUp('ann@club.test'), await club.signUp('bob@club.test')]
  const { id: video } = await upload(club, ann, 'Kites')
  const seen: string[][] = []
  const stop = club.guest.comments.list.live({ video }, (rows) => seen.push(rows.map((row) => `${row.author.name}: ${row.text}`)))
  await club.settled()

  const { id } = await bob.comments.create({ video, text: 'Higher!' })
  await bob.comments.update({ id, text: 'Much higher!' })
  await bob.comments.remove({ id })
  stop()

  assert.deepEqual(seen, [[], ['bob: Higher!'], ['bob: Much higher!'], []])
})

test('comments vanish live for others when their video is unpublished, and stay for its owner', async () => {
  await using club = await openClub()
  const ann = await club.signUp('ann@club.test')
  const { id } = await upload(club, ann, 'Kites')
  await ann.comments.create({ video: id, text: 'First' })
  const seen = { guest: [] as number[], owner: [] as number[] }
  const stops = [
    club.guest.comments.list.live({ video: id }, (rows) => seen.guest.push(rows.length)),
    ann.comments.list.live({ video: id }, (rows) => seen.owner.push(rows.length)),
  ]
  await club.settled()

  await ann.videos.update({ id, title: 'Kites', published: false })
  for (const stop of stops) stop()

  assert.deepEqual(seen.guest, [1, 0])
  assert.equal(seen.owner.at(-1), 1)
})

test('likes and views are counted live', async () => {
  await using club = await openClub()
  const [ann, bob] = [await club.signUp('ann@club.test'), await club.signUp('bob@club.test')]
  const { id } = await upload(club, ann, 'Kites')
  const seen: string[] = []
  const stop = club.guest.videos.stats.live({ id }, (stats) => seen.push(`${stats.likes} likes, ${stats.views} views`))
  await club.settled()

  await bob.videos.like({ id, liked: true })
  await club.guest.videos.view({ id })
  stop()

  assert.deepEqual(seen, ['0 likes, 0 views', '1 likes, 0 views', '1 likes, 1 views'])
})
