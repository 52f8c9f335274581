import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { clipPath, openClub, realClip, self, upload } from './club.ts'

test('a first start shows two sample videos that can be fetched', async () => {
  await using club = await openClub()

  const { rows, next } = await club.guest.videos.list()

  assert.deepEqual(rows.map((video) => video.title).sort(), ['Chai, slowly', 'Kites over the bay'])
  assert.equal(next, null)
  for (const { source } of rows) {
    assert.ok(source)
    const answer = await fetch(new URL(source.url, club.url))
    assert.equal(answer.headers.get('content-type'), 'video/mp4')
    assert.equal((await answer.bytes()).length, source.size)
  }
})

test('an uploaded video comes back byte for byte, and in ranges', async () => {
  await using club = await openClub()
  const ann = await club.signUp('ann@club.test')
  const sent: number[] = []

  const video = await ann.videos.create(
    { title: 'Kites', published: true, source: await realClip() },
    { onProgress: (progress) => sent.push(progress.sent / progress.total) },
  )

  const original = await readFile(clipPath)
  assert.ok(video.source)
  const address = new URL(video.source.url, club.url)
  assert.deepEqual(Buffer.from(await (await fetch(address)).arrayBuffer()), original)
  const part = await fetch(address, { headers: { range: 'bytes=1000-1999' } })
  assert.equal(part.status, 206)
  assert.equal(part.headers.get('content-range'), `bytes 1000-1999/${original.length}`)
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), original.subarray(1000, 2000))
  assert.equal(sent.at(-1), 1)
})

test('a file that only says it is a video is refused and no row is made', async () => {
  await using club = await openClub()
  const ann = await club.signUp('ann@club.test')
  const liar = new File(['<script>alert(1)</script>'], 'kites.mp4', { type: 'video/mp4' })

  await assert.rejects(ann.videos.create({ title: 'Kites', source: liar }))

  assert.deepEqual(await ann.videos.mine(), [])
})

test('nothing is published without something to watch', async () => {
  await using club = await openClub()
  const ann = await club.signUp('ann@club.test')
  const denied = { code: 'TAPRI_DENIED', status: 403 }

  await assert.rejects(ann.videos.create({ title: 'Kites', published: true }), denied)
  const { id } = await ann.videos.create({ title: 'Kites' })
  await assert.rejects(ann.videos.update({ id, published: true }), denied)
  await ann.videos.update({ id, published: true, source: club.file('kites.mp4') })

  assert.equal((await club.guest.videos.get({ id })).source?.name, 'kites.mp4')
})

test('search finds words of titles and how they begin, whatever their case, among published videos', async () => {
  await using club = await openClub()
  const ann = await club.signUp('ann@club.test')
  await upload(club, ann, 'A Paper Boat')
  await upload(club, ann, 'Paper planes', false)
  await upload(club, ann, '100% wind')

  const found = async (q: string) => (await club.guest.videos.list({ q })).rows.map((video) => video.title)

  assert.deepEqual(await found('paper'), ['A Paper Boat'])
  assert.deepEqual(await found('PAPER b'), ['A Paper Boat'])
  assert.deepEqual(await found('100%'), ['100% wind'])
  assert.deepEqual(await found('%'), [])
  assert.deepEqual(await found('zebra'), [])
})

test('pages follow each other without a gap or a repeat while new videos arrive', async () => {
  await using club = await openClub()
  const ann = await club.signUp('ann@club.test')
  const { id: owner } = await self(ann)
  for (let number = 1; number <= 14; number++) {
    await upload(club, ann, `Kite ${number}`)
    club.clock.advance('1m')
  }

  const first = await club.guest.videos.list({ owner })
  await upload(club, ann, 'Kite 15')
  const second = await club.guest.videos.list({ owner, after: first.next })

  const titles = [...first.rows, ...second.rows].map((video) => video.title)
  assert.deepEqual(
    titles,
    Array.from({ length: 14 }, (_, index) => `Kite ${14 - index}`),
  )
  assert.equal(second.next, null)
})

test('every view counts, also those at the same moment', async () => {
  await using club = await openClub()
  const ann = await club.signUp('ann@club.test')
  const { id } = await upload(club, ann, 'Kites')

  await Promise.all(Array.from({ length: 8 }, () => club.guest.videos.view({ id })))

  assert.equal((await club.guest.videos.get({ id })).views, 8)
})

test('one person likes a video once, and can take it back', async () => {
  await using club = await openClub()
  const [ann, bob] = [await club.signUp('ann@club.test'), await club.signUp('bob@club.test')]
  const { id } = await upload(club, ann, 'Kites')

  await Promise.all([bob.videos.like({ id, liked: true }), bob.videos.like({ id, liked: true })])
  await ann.videos.like({ id, liked: true })

  const { likes, liked } = await bob.videos.stats({ id })
  assert.deepEqual({ likes, liked }, { likes: 2, liked: true })
  await bob.videos.like({ id, liked: false })
  assert.equal((await bob.videos.stats({ id })).liked, false)
  assert.equal((await club.guest.videos.stats({ id })).likes, 1)
})

test('a deleted video takes its comments, likes and notifications along', async () => {
  await using club = await openClub()
  const [ann, bob] = [await club.signUp('ann@club.test'), await club.signUp('bob@club.test')]
  await bob.channels.follow({ id: (await self(ann)).id, following: true })
  const { id } = await upload(club, ann, 'Kites')
  await bob.comments.create({ video: id, text: 'Higher!' })
  await bob.videos.like({ id, liked: true })

  await ann.videos.remove({ id })

  const where = { video: id }
  const left = [club.db.comments.count({ where }), club.db.likes.count({ where }), club.db.notifications.count({ where })]
  assert.deepEqual(await Promise.all(left), [0, 0, 0])
})

test('whoever writes too many comments a minute is asked to wait', async () => {
  await using club = await openClub({ COMMENTS_PER_MINUTE: '2' })
  const [ann, bob] = [await club.signUp('ann@club.test'), await club.signUp('bob@club.test')]
  const { id: video } = await upload(club, ann, 'Kites')
  const { id: author } = await self(bob)
  for (const text of ['One', 'Two']) await club.db.comments.create({ video, author, text, at: new Date() })

  await assert.rejects(bob.comments.create({ video, text: 'Three' }), { code: 'VIDEOTUBE_TOO_FAST', status: 429 })
  await ann.comments.create({ video, text: 'I have not said a word yet' })
})
