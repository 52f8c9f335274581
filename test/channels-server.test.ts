import assert from 'node:assert/strict'
import { test } from 'node:test'
import { service, tapri } from 'tapri'
import { silentLog } from 'tapri/observe'
import { type TestOptions, testApp } from 'tapri/test'
import { openRaw } from '../packages/tapri/src/live/socket.fixture.ts'
import { arrivals } from '../packages/tapri/src/live/stall.fixture.ts'
import club, { codeOf, textsOf } from './channels.fixture.ts'
import { bell, board, chat, rooms, stray } from './channels-server.fixture.ts'

const servers = Object.entries({
  SQLite: 'sqlite::memory:',
  PostgreSQL: process.env.TEST_POSTGRES_URL,
  MySQL: process.env.TEST_MYSQL_URL,
  MariaDB: process.env.TEST_MARIADB_URL,
  MongoDB: process.env.TEST_MONGODB_URL,
})

async function openTown(options: TestOptions<typeof rooms> = {}) {
  const town = await testApp(rooms, options)
  const room = await town.db.rooms.create({ title: 'Kites' })
  const ann = await town.signUp('ann@town.test')
  return Object.assign(town, { room, ann, there: { id: room.id } })
}

test('what a handler says in a transaction is heard when it is committed, and never when it is undone', async () => {
  await using town = await openTown()
  const [hers, theirs] = [town.ann.chat(town.there), town.guest.board({ about: 'rooms' })]
  const [heard, posted, signals] = [arrivals<string>(), textsOf(theirs), arrivals<unknown>()]
  let missed = 0
  hers.onMessage(({ from, body }) => heard.add(`${from}: ${body.text}`))
  hers.onSignal((signal) => signals.add(signal))
  hers.onMissed(() => missed++)
  await Promise.all([hers.joined, theirs.joined])
  const rename = (title: string, fails = false) => town.ann.rooms.rename({ ...town.there, title, fails })
  await rename('Owls')
  assert.equal(await codeOf(rename('Bats', true)), 'TAPRI_DENIED')
  await rename('Foxes')
  assert.deepEqual(await heard.count(2), ['app: now Owls', 'app: now Foxes'])
  assert.deepEqual(await posted.count(2), ['Owls', 'Foxes'])
  assert.deepEqual(await signals.count(2), Array(2).fill({ from: 'app', signal: { typing: true } }))
  await town.channel(chat, town.there).send({ text: 'last' })
  assert.deepEqual((await heard.count(3)).at(-1), 'app: last')
  assert.deepEqual([heard.seen.length, posted.seen.length, signals.seen.length, missed], [3, 2, 2, 0])
})

test('who comes later hears what the app has said, with what the message declares filled in', async () => {
  await using town = await openTown()
  await town.channel(chat, town.there).send({ text: 'one' })
  await town.channel(chat, town.there).send({ text: 'two', seats: 4 })
  const hers = town.ann.chat(town.there)
  const heard = arrivals<unknown>()
  hers.onMessage(({ body }) => heard.add(body))
  assert.deepEqual(await heard.count(2), [
    { text: 'one', seats: 1 },
    { text: 'two', seats: 4 },
  ])
})

test('a message under the same key of the same sender is kept once', async () => {
  await using town = await openTown()
  const hers = town.ann.chat(town.there)
  const heard = textsOf(hers)
  await hers.joined
  for (const text of ['one', 'again']) await town.ann.rooms.say({ ...town.there, text, key: 'k1' })
  await town.ann.rooms.say({ ...town.there, text: 'two' })
  for (const text of ['three', 'again']) await town.channel(chat, town.there).send({ text }, { key: 'k1' })
  await hers.send({ text: 'four' })
  assert.deepEqual(await heard.count(4), ['one', 'two', 'three', 'four'])
  const tables: any = town.db
  assert.equal(await tables.tapri_messages.count(), 5, 'the four, and what was said at the start')
})

test('a message that is not kept, and is sent again over another line, is heard once; another under the same key is heard', async () => {
  await using town = await testApp(club)
  await Promise.all(['ann', 'bob'].map((name) => town.signUp(`${name}@club.test`)))
  const hearer = town.guest.lobby()
  const heard = textsOf(hearer)
  await hearer.joined
  const say = async (email: string | undefined, text: string, key: string) => {
    const token = email === undefined ? {} : { token: await town.token(email) }
    const raw = await openRaw(Number(new URL(town.url).port), { hello: { type: 'hello', ...token } })
    raw.send({ type: 'join', id: 1, channel: 'lobby' })
    await raw.settle()
    raw.send({ type: 'send', id: 1, key, message: { text } })
    await raw.settle()
    await town.settled()
    raw.socket.terminate()
  }
  // a visitor is another member on each line
  for (const email of [undefined, 'ann@club.test', 'bob@club.test']) {
    for (let time = 0; time < 2; time++) await say(email, email ?? 'visitor', 'k1')
  }
  await say('ann@club.test', 'last', 'k2')
  await heard.count(4)
  assert.deepEqual(heard.seen, ['visitor', 'ann@club.test', 'bob@club.test', 'last'])
})

test('a message inside of a transaction that is undone takes no number, so that nobody misses it', async () => {
  await using town = await openTown()
  const at = town.channel(chat, town.there)
  const failing = town.db.transaction(async (db) => {
    await at.send({ text: 'kept?' })
    await assert.rejects(
      db.transaction(async () => {
        await at.send({ text: 'inner' })
        throw new Error('inner')
      }),
      /inner/,
    )
    throw new Error('outer')
  })
  await assert.rejects(failing, /outer/)
  await town.db.transaction(async (db) => {
    await at.send({ text: 'one' })
    await assert.rejects(
      db.transaction(async () => {
        await at.send({ text: 'undone' })
        await at.signal({ typing: true })
        throw new Error('inner')
      }),
      /inner/,
    )
    await db.transaction(() => at.send({ text: 'two' }))
    db.afterCommit(() => at.send({ text: 'three' }))
  })
  const tables: any = town.db
  const kept = await tables.tapri_messages.find({ where: { channel: `chat/${town.room.id}` }, orderBy: 'number' })
  assert.deepEqual(
    kept.map(({ body }: any) => JSON.parse(body).text),
    ['one', 'two', 'three'],
  )
  assert.equal(kept[2].number - kept[0].number, 2)
})

test('what the app says is checked, a GET says nothing, and a channel that the app does not have is named', async () => {
  // what nobody is told goes to the log
  await using town = await openTown({ log: silentLog })
  const at = town.channel(chat, town.there)
  assert.equal(await codeOf(at.send({ text: '' })), 'TAPRI_INVALID')
  // @ts-expect-error a message has no such key
  assert.equal(await codeOf(at.send({ text: 'x', admin: true })), 'TAPRI_INVALID')
  assert.equal(await codeOf(at.send({ text: 'x' }, { from: '' })), 'TAPRI_INVALID')
  assert.equal(await codeOf(at.send({ text: 'x' }, { key: 'k'.repeat(65) })), 'TAPRI_INVALID')
  assert.equal(await codeOf(town.channel(board, { about: 'x' }).send({ text: 'x'.repeat(70_000) })), 'TAPRI_LIVE_TOO_LARGE')
  assert.equal(await codeOf(town.channel(bell).signal({})), 'TAPRI_LIVE_CHANNEL')
  // @ts-expect-error this one says whether somebody types
  assert.equal(await codeOf(at.signal({ typing: 'yes' })), 'TAPRI_INVALID')
  // @ts-expect-error not an id
  assert.equal(await codeOf((async () => town.channel(chat, { id: 'none' }))()), 'TAPRI_INVALID')
  // @ts-expect-error the path names a room
  assert.equal(await codeOf((async () => town.channel(chat))()), 'TAPRI_INVALID')
  assert.equal(await codeOf((async () => town.channel(board, { about: 'x'.repeat(200) }))()), 'TAPRI_LIVE_CHANNEL')
  assert.equal(await codeOf((async () => town.channel(stray))()), 'TAPRI_LIVE_NO_CHANNEL')
  const shouted = await fetch(`${town.url}/rooms/${town.room.id}/shout`)
  assert.equal(shouted.status, 500)
  const tables: any = town.db
  assert.equal(await tables.tapri_messages.count({ where: { channel: `chat/${town.room.id}` } }), 0)
})

test('services and modules say things too, whatever models they see, and so does the start of the app', async () => {
  await using town = await openTown()
  const [cries, rings, bellHeard] = [
    town.guest.board({ about: 'cries' }),
    town.guest.board({ about: 'bells' }),
    town.guest.bell(),
  ]
  const texts = [cries, rings, bellHeard].map((each) => textsOf(each))
  await Promise.all([cries.joined, rings.joined, bellHeard.joined])
  await town.guest.rooms.cry({ text: 'hear me' })
  await town.guest.bells.ring()
  await Promise.all(texts.map((each, index) => each.count(index === 2 ? 2 : 1)))
  assert.deepEqual(
    texts.map(({ seen }) => seen),
    [['hear me'], ['ding'], ['open', 'dong']],
  )
})

test('a service that says something before the app is up keeps it from starting, and is told when it may', async () => {
  const early = service('early', ({ channel }) => channel(bell).send({ text: 'too early' }))
  const { app } = tapri({ models: {}, services: [early] })
  await assert.rejects(testApp(app({ controllers: {}, policies: [] })), {
    code: 'TAPRI_APP_SERVICE',
    message: /`onStart` or later/,
  })
})

test('a handler sees who is there, a live GET as they come and go', async () => {
  await using town = await openTown()
  const bob = await town.signUp('bob@town.test')
  const seen = arrivals<string>()
  town.guest.rooms.present.live(town.there, ({ names, count }) => seen.add(`${names.join()} ${count}`))
  const until = async (wanted: string) => {
    while (seen.last !== wanted) await seen.count(seen.seen.length + 1)
  }
  await until(' 0')
  const hers = town.ann.chat(town.there)
  await until('ann 1')
  const his = bob.chat(town.there)
  await until('ann,bob 2')
  assert.deepEqual(await town.guest.rooms.present(town.there), { names: ['ann', 'bob'], count: 2 })
  await town.db.users.updateWhere({ name: 'bob' }, { name: 'Bobby' })
  await until('Bobby,ann 2')
  hers.leave()
  await until('Bobby 1')
  await town.db.transaction(async (db) => {
    assert.equal(await town.channel(chat, town.there).count(), 1)
    await db.rooms.update(town.room.id, { title: 'Owls' })
  })
  his.leave()
  await until(' 0')
})

for (const [kind, server] of servers) {
  test(`${kind}: transactions and callers that speak at once are heard in one order, none lost, none that was undone`, {
    skip: server === undefined && `no ${kind} to test with`,
  }, async () => {
    await using town = await openTown(server === undefined ? {} : { database: server })
    const hers = town.ann.chat(town.there)
    const heard = textsOf(hers)
    let missed = 0
    hers.onMissed(() => missed++)
    await hers.joined
    const at = town.channel(chat, town.there)
    const tables: any = town.db
    const saying = Array.from({ length: 24 }, (_, index) => {
      if (index % 3 === 0) return hers.send({ text: `${index}` })
      if (index % 3 === 1) return at.send({ text: `${index}` })
      const transaction = town.db.transaction(async (db) => {
        const { visits } = await db.rooms.get(town.room.id)
        await db.rooms.update(town.room.id, { visits: visits + 1 })
        await at.send({ text: `${index}` })
        if (index % 2 === 1) throw new Error('undone')
      })
      return index % 2 === 1 ? assert.rejects(transaction, /undone/) : transaction
    })
    await Promise.all(saying)
    const kept = await tables.tapri_messages.find({ where: { channel: `chat/${town.room.id}` }, orderBy: 'number' })
    const texts = kept.map(({ body }: any) => JSON.parse(body).text)
    assert.equal(texts.length, 20)
    assert.deepEqual(await heard.count(20), texts)
    assert.deepEqual(
      [...texts].sort(),
      saying
        .map((_, index) => `${index}`)
        .filter((_, index) => index % 6 !== 5)
        .sort(),
    )
    assert.equal((await town.db.rooms.get(town.room.id)).visits, 4)
    assert.equal(missed, 0)
    // the numbers of a channel leave no gap
    assert.equal(kept.at(-1).number - kept[0].number, 19)
  })
}

test('however many are in a channel, all are counted: by the app, by a live query, and for who comes', async () => {
  await using town = await openTown()
  const other = await town.db.rooms.create({ title: 'Stadium' })
  const place = { id: other.id }
  await town.ann.chat(town.there).joined
  const { tapri_members: members }: any = town.db
  const { node, facts, channel } = await members.first()
  const row = { channel: channel.replace(town.room.id, other.id), node, facts, member: 'm0' }
  const there = Array.from({ length: 10_500 }, (_, at) => ({ ...row, member: `m${at}` }))
  // somebody on two nodes is one member
  there.push({ ...row, node: 'another' })
  for (let at = 0; at < there.length; at += 2_000) await members.createMany(there.slice(at, at + 2_000))
  const at = town.channel(chat, place)
  assert.equal(await at.count(), 10_500)
  assert.equal((await at.members()).length, 1_000)
  const live = town.guest.rooms.present.live(place)
  assert.equal((await live.ready).count, 10_500)
  const hers = town.ann.chat(place)
  await hers.joined
  await town.settled()
  assert.deepEqual([await at.count(), hers.count, live.value?.count], [10_501, 10_501, 10_501])
})
