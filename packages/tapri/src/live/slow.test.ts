import assert from 'node:assert/strict'
import { test } from 'node:test'
import { follow, one, openGate, openOne, openSlow, readToTheLetter } from './slow.fixture.ts'
import { turns } from './stall.fixture.ts'

/** More than a slow reader is sent at once. */
const long = 'x'.repeat(1_000_000)

/** A route that answers at length, once its gate is open. */
function longBehindGate() {
  const gate = openGate()
  const route = async (db: any) => {
    const { likes } = await one(db)
    await gate.pass()
    return { likes, long }
  }
  return { gate, route }
}

test('a socket that is closed while a subscription begins leaves nothing behind', async (t) => {
  const gate = openGate()
  const routes = {
    big: async (db: any) => ({ text: `${(await one(db)).likes}`.repeat(2_000_000) }),
    held: async (db: any) => {
      const { likes } = await one(db)
      await gate.pass()
      return likes
    },
    users: (db: any) => db.users.find(),
  }
  const { connect, db, runs, video, work } = await openOne(t, routes, { likes: 1 })
  const other = await connect()
  other.say(follow(1, 'users'))
  const line = await connect()
  line.say(follow(1, 'big'), follow(2, 'held'))
  await work.idle()
  gate.close()
  await db.videos.update(video.id, { likes: 2 })
  // the long change waits for the one of the other topic, and goes out before the first answer of the next topic
  await turns(50)
  line.socket.isSlow = true
  line.say(follow(3, 'users'))
  await turns(50)
  assert.equal(line.connection.subscriptions, 0)
  gate.open()
  other.connection.onClose()
  line.connection.onClose()
  await work.idle()
  runs.splice(0)
  await db.users.create({ name: 'Bob' })
  await work.idle()
  assert.deepEqual(runs, [])
})

test('two subscriptions of one line follow one topic, also where one of them is some steps behind', async (t) => {
  const { gate, route } = longBehindGate()
  const { connect, db, video, work } = await openOne(t, { long: route })
  const { frames, read, say, socket } = await connect()
  say(follow(1, 'long'))
  await work.idle()
  socket.isSlow = true
  say(follow(2, 'long'))
  await work.idle()
  // the first has room for these while the pieces of the second wait
  for (const likes of [1, 2]) {
    socket.unsent = 0
    await db.videos.update(video.id, { likes })
    await work.idle()
  }
  gate.close()
  const updating = db.videos.update(video.id, { likes: 3 })
  await turns(50)
  while (frames.at(-1).type !== 'snapshot') read()
  socket.unsent = 0
  gate.open()
  await updating
  await work.idle()
  const { followers, lost } = readToTheLetter(frames)
  assert.deepEqual([followers[1]?.value.likes, followers[2]?.value.likes, lost], [3, 3, []])
  await db.videos.update(video.id, { likes: 4 })
  await work.idle()
  const later = readToTheLetter(frames)
  assert.deepEqual([later.followers[1]?.value.likes, later.followers[2]?.value.likes, later.lost], [4, 4, []])
})

for (const begun of ['before', 'after'] as const) {
  test(`what two subscriptions to one topic were not sent fits both, when the second began ${begun} that`, async (t) => {
    const { connect, db, video, work } = await openOne(t, { one })
    const { frames, read, say, socket } = await connect()
    say(follow(1, 'one'))
    if (begun === 'before') say(follow(2, 'one'))
    await work.idle()
    socket.unsent = 500_000
    for (const likes of [1, 2, 3]) {
      await db.videos.update(video.id, { likes })
      await work.idle()
    }
    socket.unsent = 0
    if (begun === 'after') say(follow(2, 'one'))
    await work.idle()
    read()
    await work.idle()
    const { followers, lost } = readToTheLetter(frames)
    assert.deepEqual([followers[1]?.value.likes, followers[2]?.value.likes, lost], [3, 3, []])
    const caughtUp = frames.filter(({ type }) => type === 'patch' || type === 'current')
    assert.equal(caughtUp.length, 1)
  })
}

test('what brings a subscription up to date says that it is', async (t) => {
  const { connect, db, hub, video, work } = await openOne(t, { one })
  const { frames, read, say, socket } = await connect()
  say(follow(1, 'one'))
  await work.idle()
  socket.unsent = 500_000
  for (const likes of [1, 2]) {
    await db.videos.update(video.id, { likes })
    await work.idle()
  }
  read()
  assert.deepEqual([frames.at(-1).type, frames.at(-1).changes.length, frames.at(-1).at], ['patch', 2, hub.at])
})

test('a value that is past by the time that all of it is out is not said to be true of a later moment', async (t) => {
  const { gate, route } = longBehindGate()
  const { connect, db, video, work } = await openOne(t, { long: route })
  const { connection, frames, read, say, socket } = await connect()
  socket.isSlow = true
  say(follow(1, 'long'))
  await work.idle()
  await db.videos.update(video.id, { likes: 1 })
  await work.idle()
  gate.close()
  await db.videos.update(video.id, { likes: 2 })
  await turns(50)
  while (frames.at(-1).type !== 'snapshot') read()
  const { at } = frames.at(-1)
  connection.ping()
  assert.deepEqual([frames.at(-1).type, frames.at(-1).at], ['ping', at])
  gate.open()
  await work.idle()
})

test('a line that follows several subscriptions to one topic is sent a change for all of them, though a whole answer fills it', async (t) => {
  const { connect, db, hub, video, work } = await openOne(t, {
    long: async (db) => ({ likes: (await one(db)).likes, long }),
  })
  const { frames, read, say, socket } = await connect()
  say(follow(1, 'long'))
  await work.idle()
  const { etag } = frames.at(-1)
  socket.isSlow = true
  socket.unsent = 500_000
  say(follow(2, 'long'))
  await work.idle()
  socket.unsent = 0
  say(follow(3, 'long', { etag }))
  await work.idle()
  assert.equal(frames.at(-1).type, 'current')
  await db.videos.update(video.id, { likes: 1 })
  await work.idle()
  // the second is told nothing yet, and the others are true up to here
  assert.deepEqual([frames.at(-1).type, frames.at(-1).at], ['patch', hub.at])
  socket.isSlow = false
  read()
  const { followers, lost } = readToTheLetter(frames, { 3: { etag, value: { likes: 0, long } } })
  assert.deepEqual([1, 2, 3].map((id) => followers[id]?.value.likes).concat(lost), [1, 1, 1])
})

test('a long value that is out at once is known to be true of what is committed after it', async (t) => {
  const { connect, db, hub, member, work } = await openSlow(t, { long: async (db) => ({ first: await one(db), long }) })
  await member('Ann')
  // the answer is there already when the next one begins
  const other = await connect()
  other.say(follow(1, 'long'))
  await work.idle()
  const { connection, frames, say } = await connect()
  say(follow(1, 'long'))
  await work.idle()
  await db.users.create({ name: 'Bob' })
  connection.ping()
  assert.deepEqual([frames.at(-1).type, frames.at(-1).at], ['ping', hub.at])
})
