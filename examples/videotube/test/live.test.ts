import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openClub, self, upload } from './club.ts'

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
  const stops = [
    club.guest.videos.stats.live({ id }, ({ likes }) => seen.push(`${likes} likes`)),
    club.guest.videos.get.live({ id }, ({ views }) => seen.push(`${views} views`)),
  ]
  await club.settled()

  await bob.videos.like({ id, liked: true })
  await club.guest.videos.view({ id })
  for (const stop of stops) stop()

  assert.deepEqual(seen.slice(0, 2).sort(), ['0 likes', '0 views'])
  assert.deepEqual(seen.slice(2), ['1 likes', '1 views'])
})

test('the owner sees live that an upload has begun and has arrived, the followers only that it is published', async () => {
  await using club = await openClub()
  const [ann, bob] = [await club.signUp('ann@club.test'), await club.signUp('bob@club.test')]
  await bob.channels.follow({ id: (await self(ann)).id, following: true })
  const [mine, told]: [string[], string[]] = [[], []]
  const stops = [
    ann.videos.mine.live({}, (videos) => mine.push(videos.map(({ source }) => source?.name ?? 'on its way').join())),
    bob.notifications.list.live({}, (news) => told.push(news.map(({ video }) => video.title).join())),
  ]
  await club.settled()

  const { id } = await ann.videos.create({ title: 'Kites' })
  await ann.videos.update({ id, source: club.file('kites.mp4'), published: true })
  for (const stop of stops) stop()

  assert.deepEqual(mine, ['', 'on its way', 'kites.mp4'])
  assert.deepEqual(told, ['', 'Kites'])
})
