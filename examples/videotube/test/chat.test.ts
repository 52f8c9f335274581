import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Id } from 'tapri/data'
import { type Club, openClub, type Person, self, upload } from './club.ts'

/** A chat that somebody has open, and what they see of it. */
async function sit(person: Person, id: Id<'videos'>) {
  const chat = person.chat({ id }, { onError: () => {} })
  const heard: string[] = []
  const typing: string[] = []
  const ends: string[] = []
  chat.onMessage(({ body }) => heard.push(`${body.name}: ${body.text}`))
  chat.onSignal(({ from, signal }) => typing.push(`${from} ${signal.typing}`))
  chat.onEnd((error) => ends.push(String(Object(error).code)))
  await chat.joined
  return { chat, heard, typing, ends, names: () => chat.members().map(({ facts }) => facts.name) }
}

async function openWithVideo(): Promise<Club & { ann: Person; bob: Person; video: Id<'videos'> }> {
  const club = await openClub()
  const [ann, bob] = [await club.signUp('ann@club.test'), await club.signUp('bob@club.test')]
  const { id: video } = await upload(club, ann, 'Kites')
  return Object.assign(club, { ann, bob, video })
}

test('what is said beside a video is heard by everyone there, guests too, and by those who come later', async () => {
  await using club = await openWithVideo()
  const [hers, theirs] = [await sit(club.ann, club.video), await sit(club.guest, club.video)]

  await hers.chat.send({ text: ' Look at the red one! ', name: 'The Queen' })
  await club.settled()

  assert.deepEqual(hers.heard, ['ann: Look at the red one!'])
  assert.deepEqual(theirs.heard, hers.heard)
  const late = await sit(club.bob, club.video)
  await club.settled()
  assert.deepEqual(late.heard, hers.heard)
})

test('a guest reads the chat and cannot write in it', async () => {
  await using club = await openWithVideo()
  const theirs = await sit(club.guest, club.video)

  await assert.rejects(theirs.chat.send({ text: 'Hello' }), { code: 'TAPRI_DENIED', status: 403 })

  await club.settled()
  assert.deepEqual(theirs.heard, [])
})

test('everyone sees who is there, and who types', async () => {
  await using club = await openWithVideo()
  const hers = await sit(club.ann, club.video)
  const his = await sit(club.bob, club.video)
  await sit(club.guest, club.video)
  await club.settled()
  assert.deepEqual(hers.names().sort(), ['Guest', 'ann', 'bob'])

  his.chat.signal({ typing: true })
  await club.settled()
  assert.deepEqual(hers.typing, [`${(await self(club.bob)).id} true`])

  his.chat.leave()
  await club.settled()
  assert.deepEqual(hers.names().sort(), ['Guest', 'ann'])
})

test('unpublishing a video puts everyone but its owner out of its chat', async () => {
  await using club = await openWithVideo()
  const [hers, his] = [await sit(club.ann, club.video), await sit(club.bob, club.video)]

  await club.ann.videos.update({ id: club.video, title: 'Kites', published: false })
  await hers.chat.send({ text: 'Just us now' })
  await club.settled()

  assert.deepEqual(hers.heard, ['ann: Just us now'])
  assert.deepEqual([his.heard, his.ends], [[], ['TAPRI_DENIED']])
  await assert.rejects(sit(club.bob, club.video), { code: 'TAPRI_DENIED' })
})
