import assert from 'node:assert/strict'
import { test } from 'node:test'
import { announce } from '../src/announce.ts'
import { openClub, self, upload } from './club.ts'

test('publishing tells every follower, once per video', async () => {
  await using club = await openClub()
  const [ann, bob, cem] = [
    await club.signUp('ann@club.test'),
    await club.signUp('bob@club.test'),
    await club.signUp('cem@club.test'),
  ]
  const channel = await self(ann)
  await bob.channels.follow({ id: channel.id, following: true })
  const { id } = await upload(club, ann, 'Kites', false)
  assert.deepEqual(await bob.notifications.list(), [], 'a hidden video is no news')

  await ann.videos.update({ id, title: 'Kites', published: true })
  await cem.channels.follow({ id: channel.id, following: true })
  await ann.videos.update({ id, title: 'Kites, again', published: true })
  await ann.videos.update({ id, title: 'Kites, again', published: false })
  await ann.videos.update({ id, title: 'Kites, again', published: true })

  const news = await bob.notifications.list()
  assert.deepEqual(
    news.map((item) => [item.channel.name, item.video.title, item.seen]),
    [['ann', 'Kites, again', false]],
  )
  assert.deepEqual(await cem.notifications.list(), [], 'who came later is not told of what was there')
})

test('a video and its notifications are made together or not at all', async () => {
  await using club = await openClub()
  const [ann, bob] = [await club.signUp('ann@club.test'), await club.signUp('bob@club.test')]
  const { id: owner } = await self(ann)
  await bob.channels.follow({ id: owner, following: true })

  const hidden = await upload(club, ann, 'Kites', false)

  const broken = club.db.transaction(async (db) => {
    const video = await db.videos.update(hidden.id, { published: true })
    await announce(db, video)
    assert.equal(await db.notifications.count({ where: { video: video.id } }), 1)
    throw new Error('Power cut')
  })

  await assert.rejects(broken, { message: 'Power cut' })
  assert.equal((await ann.videos.get({ id: hidden.id })).published, false)
  assert.deepEqual(await bob.notifications.list(), [])
})

test('a notification arrives live, and is seen when its owner says so', async () => {
  await using club = await openClub()
  const [ann, bob] = [await club.signUp('ann@club.test'), await club.signUp('bob@club.test')]
  await bob.channels.follow({ id: (await self(ann)).id, following: true })
  const unseen: number[] = []
  const stop = bob.notifications.list.live({}, (news) => unseen.push(news.filter(({ seen }) => !seen).length))
  await club.settled()

  await upload(club, ann, 'Kites')
  await bob.notifications.markSeen()
  stop()

  assert.deepEqual(unseen, [0, 1, 0])
})

test('notifications are nobody else’s business', async () => {
  await using club = await openClub()
  const [ann, bob] = [await club.signUp('ann@club.test'), await club.signUp('bob@club.test')]
  await bob.channels.follow({ id: (await self(ann)).id, following: true })
  await upload(club, ann, 'Kites')

  await ann.notifications.markSeen()

  assert.deepEqual(await ann.notifications.list(), [])
  assert.equal((await bob.notifications.list())[0]?.seen, false)
  await assert.rejects(club.guest.notifications.list(), { status: 401 })
})

test('a channel counts its followers live, and cannot follow itself', async () => {
  await using club = await openClub()
  const [ann, bob] = [await club.signUp('ann@club.test'), await club.signUp('bob@club.test')]
  const { id } = await self(ann)
  const followers: number[] = []
  const stop = club.guest.channels.get.live({ id }, (channel) => followers.push(channel.followers))
  await club.settled()

  await bob.channels.follow({ id, following: true })
  assert.equal((await bob.channels.get({ id })).following, true)
  await bob.channels.follow({ id, following: true })
  await bob.channels.follow({ id, following: false })
  stop()

  assert.deepEqual(followers, [0, 1, 0])
  await assert.rejects(ann.channels.follow({ id, following: true }), { code: 'TAPRI_DENIED' })
})

test('a profile is changed by its owner, its picture kept until it is replaced or removed', async () => {
  await using club = await openClub()
  const ann = await club.signUp('ann@club.test')

  await ann.channels.setAvatar({ avatar: club.file('me.png') })
  await ann.channels.update({ name: 'Ann of the hill', about: 'Kites and boats' })

  const { id, name, about, avatar } = await self(ann)
  assert.deepEqual([name, about, avatar?.type], ['Ann of the hill', 'Kites and boats', 'image/png'])
  await ann.channels.setAvatar({ avatar: null })
  assert.equal((await club.guest.channels.get({ id })).avatar, null)
})

test('someone may sign up with a picture, which everyone sees', async () => {
  await using club = await openClub()
  const person = { name: 'Dee', email: 'dee@club.test', password: 'a kite, a string and the wind' }

  const { id } = await club.guest.auth.signUp({ ...person, avatar: club.file('dee.png') })

  const { avatar } = await club.guest.channels.get({ id })
  assert.equal(avatar?.name, 'dee.png')
  assert.equal((await fetch(new URL(avatar.url, club.url))).headers.get('content-type'), 'image/png')
  const small = await fetch(new URL(avatar.variants.small, club.url), { headers: { accept: 'image/webp' } })
  assert.deepEqual([small.status, small.headers.get('content-type')], [200, 'image/webp'])
  const text = new File(['not a picture at all'], 'dee.png', { type: 'image/png' })
  await assert.rejects(club.guest.auth.signUp({ ...person, email: 'eve@club.test', avatar: text }))
  assert.equal(await club.db.users.count({ where: { email: 'eve@club.test' } }), 0)
})

test('whoever goes live gets a secret address, in place of the one before', async () => {
  await using club = await openClub()
  const ann = await club.signUp('ann@club.test')

  const [first, second] = [await ann.channels.goLive(), await ann.channels.goLive()]

  const push = (url: string) => fetch(new URL(url, club.url), { method: 'PUT', body: 'no film at all' })
  assert.equal((await push(first.url)).status, 403)
  assert.notEqual((await push(second.url)).status, 403)
  assert.deepEqual(await club.guest.channels.live(), [])
  assert.equal((await club.guest.channels.get({ id: (await self(ann)).id })).live, null)
  await assert.rejects(club.guest.channels.goLive(), { status: 401 })
})
