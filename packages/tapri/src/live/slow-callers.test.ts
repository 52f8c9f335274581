import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { TapriError } from '../kit/errors.ts'
import { follow, one, openGate, openOne, openSlow, readToTheLetter } from './slow.fixture.ts'
import { turns } from './stall.fixture.ts'

/** A member whose socket is slow, and was not sent that there is a like. */
async function openBehind(t: TestContext) {
  const slow = await openOne(t, { one })
  const line = await slow.connect(slow.token)
  line.say(follow(1, 'one'))
  await slow.work.idle()
  line.socket.unsent = 500_000
  await slow.db.videos.update(slow.video.id, { likes: 1 })
  await slow.work.idle()
  return { ...slow, ...line }
}

test('who reads again while another token is looked at is sent what was left out', async (t) => {
  const { frames, looks, read, say, token, work } = await openBehind(t)
  const { promise, resolve } = Promise.withResolvers<void>()
  looks.before = () => promise
  say({ type: 'auth', token })
  await turns(10)
  read()
  resolve()
  await work.idle()
  assert.equal(readToTheLetter(frames).followers[1]?.value.likes, 1)
})

test('who reads again while it is looked whether the session goes on is sent what was left out', async (t) => {
  const { connection, frames, looks, read, work } = await openBehind(t)
  const over = new TapriError('TAPRI_AUTH_SESSION', 'The session is over', { status: 401 })
  looks.before = () => Promise.reject(over)
  connection.ping()
  await work.idle()
  const { promise, resolve } = Promise.withResolvers<void>()
  let tries = 0
  // over at the second look too, and prolonged by the one that counts
  looks.before = () => (++tries === 1 ? Promise.reject(over) : promise)
  connection.ping()
  await turns(10)
  read()
  resolve()
  await work.idle()
  assert.equal(readToTheLetter(frames).followers[1]?.value.likes, 1)
})

test('who comes back to a long value that is the held one again before it is out follows its changes', async (t) => {
  const long = async (db: any) => {
    const { likes } = await one(db)
    return { likes, text: `${likes}`.repeat(1_000_000) }
  }
  const { connect, db, token, user, video, work } = await openOne(t, { long }, { likes: 1 })
  const before = await connect(token)
  before.say(follow(1, 'long'))
  await work.idle()
  const held = before.frames.find(({ type }) => type === 'snapshot')
  before.connection.onClose()
  await db.videos.update(video.id, { likes: 2 })

  const line = await connect(token)
  line.socket.isSlow = true
  line.say(follow(1, 'long', { etag: held.etag }))
  await work.idle()
  await db.videos.update(video.id, { likes: 1 })
  await work.idle()
  // who calls is looked at anew, and what was on its way is let go
  await db.users.update(user.id, { name: 'Ann B.' })
  await work.idle()
  line.socket.isSlow = false
  line.read()
  await work.idle()
  await db.videos.update(video.id, { likes: 3 })
  await work.idle()
  const told = line.frames.filter(({ type }) => type !== 'piece')
  const topics = told.map(({ type, topic, changes }) => [type, topic ?? changes[0].topic])
  assert.deepEqual(topics, [
    ['current', topics.at(-1)?.[1]],
    ['patch', topics.at(-1)?.[1]],
  ])
  assert.equal(told[1].changes[0].from, held.etag)
})

for (const ids of ['with', 'without'] as const) {
  test(`rows ${ids} ids that were closed while they are sent in pieces are sent no more`, async (t) => {
    const { connect, db, member, work } = await openSlow(t, {
      long: async (db) =>
        (await db.videos.find()).map(({ id, title }: any) => ({
          ...(ids === 'with' && { id }),
          text: `${title} `.repeat(300_000),
        })),
    })
    const { user } = await member('Ann')
    const rows = await Promise.all(
      ['First', 'Second'].map((title) => db.videos.create({ title, published: true, author: user.id })),
    )
    const { frames, read, say, socket } = await connect()
    socket.isSlow = true
    say(follow(1, 'long'))
    await work.idle()
    for (const { id } of rows) {
      await db.videos.update(id, { published: false })
      await work.idle()
    }
    const sent = frames.length
    read()
    await work.idle()
    assert.doesNotMatch(JSON.stringify(frames.slice(sent)), /First|Second/)
    assert.deepEqual(readToTheLetter(frames).followers[1]?.value, [])
  })
}

test('a row that is closed while the answer is at work again is sent no more either, and the others all the same', async (t) => {
  const gate = openGate()
  const { connect, db, member, work } = await openSlow(t, {
    long: async (db) => {
      const rows = await db.videos.find({ orderBy: 'title' })
      await gate.pass()
      return rows.map(({ id, title }: any) => ({ id, text: `${title} `.repeat(100_000) }))
    },
  })
  const { user } = await member('Ann')
  const [first, second] = await Promise.all(
    ['First', 'Second', 'Third'].map((title) => db.videos.create({ title, published: true, author: user.id })),
  )
  const { frames, read, say, socket } = await connect()
  socket.isSlow = true
  say(follow(1, 'long'))
  await work.idle()
  await db.videos.update(second.id, { published: false })
  await work.idle()
  gate.close()
  const updating = db.videos.update(first.id, { title: 'Fourth' })
  await turns(50)
  const sent = frames.length
  for (let time = 0; time < 20; time++) read()
  gate.open()
  await updating
  for (let time = 0; time < 20; time++) {
    await work.idle()
    read()
  }
  assert.doesNotMatch(JSON.stringify(frames.slice(sent)), /Second/)
  const { value } = readToTheLetter(frames).followers[1] ?? {}
  assert.deepEqual(
    value.map(({ text }: { text: string }) => text.slice(0, 5)),
    ['Fourt', 'Third'].map((text) => text.slice(0, 5)),
  )
})

test('a slow reader is sent the whole of a long answer that changes all the time', async (t) => {
  const { connect, db, video, work } = await openOne(t, {
    long: async (db) => (await db.videos.find()).map((row: any) => ({ ...row, text: 'x'.repeat(2_000_000) })),
  })
  const { frames, read, say, socket } = await connect()
  socket.isSlow = true
  say(follow(1, 'long'))
  await work.idle()
  let likes = 0
  // each time less is read than the whole
  while (!frames.some(({ type }) => type === 'snapshot') && likes < 50) {
    await db.videos.update(video.id, { likes: ++likes, title: `Edit ${likes}` })
    await work.idle()
    read()
  }
  assert.ok(likes < 50)
  socket.isSlow = false
  read()
  await work.idle()
  assert.equal(readToTheLetter(frames).followers[1]?.value[0].likes, likes)
})
