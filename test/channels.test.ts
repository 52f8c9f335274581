import assert from 'node:assert/strict'
import { test } from 'node:test'
import { channel, tapri } from 'tapri'
import { client, closeClient } from 'tapri/client'
import { add, text } from 'tapri/data'
import { testApp } from 'tapri/test'
import { manualClock } from '../packages/tapri/src/kit/clock.ts'
import { openRaw } from '../packages/tapri/src/live/socket.fixture.ts'
import { arrivals } from '../packages/tapri/src/live/stall.fixture.ts'
import app, { codeOf, textsOf } from './channels.fixture.ts'

const quiet = { onError: () => {} }

async function openClub() {
  const club = await testApp(app)
  const room = await club.db.rooms.create({ title: 'Kites', open: true })
  const raw = async (email: string) =>
    openRaw(Number(new URL(club.url).port), { hello: { type: 'hello', token: await club.token(email) } })
  const idOf = async (email: string) => (await club.db.users.first({ where: { email } }))?.id ?? assert.fail()
  return Object.assign(club, { room, raw, idOf })
}

test('what is said is heard by everybody in the channel, by the sender too, in one order', async () => {
  await using club = await openClub()
  const [ann, bob] = [await club.signUp('ann@club.test'), await club.signUp('bob@club.test')]
  const [hers, his] = [ann.chat({ id: club.room.id }), bob.chat({ id: club.room.id })]
  const [heardByAnn, heardByBob] = [arrivals<string>(), arrivals<string>()]
  hers.onMessage(({ body }) => heardByAnn.add(body.text))
  his.onMessage(({ body }) => heardByBob.add(body.text))
  await Promise.all([hers.joined, his.joined])
  await Promise.all([hers.send({ text: 'one' }), hers.send({ text: ' two ' }), his.send({ text: 'three' })])
  await hers.send({ text: 'four' })
  await Promise.all([heardByAnn.count(4), heardByBob.count(4)])
  assert.deepEqual(heardByAnn.seen, heardByBob.seen)
  assert.deepEqual(
    heardByAnn.seen.filter((text) => text !== 'three'),
    ['one', 'two', 'four'],
  )
})

test('what was said before a channel is left is kept and answered', async () => {
  await using club = await openClub()
  await club.signUp('ann@club.test')
  const raw = await club.raw('ann@club.test')
  const params = { id: club.room.id }
  raw.send({ type: 'join', id: 1, channel: 'chat', params })
  await raw.settle()
  const said = ['one', 'two', 'three']
  raw.send(...said.map((text) => ({ type: 'send', id: 1, key: text, message: { text } }) as const), { type: 'leave', id: 1 })
  const answered = new Set<string>()
  while (answered.size < said.length) {
    const { type, key } = await raw.next()
    if (type === 'sent') answered.add(key)
  }
  raw.send({ type: 'join', id: 2, channel: 'chat', params })
  const heard = (await raw.settle()).filter(({ type }) => type === 'message').map(({ body }) => body.text)
  assert.deepEqual(heard, said)
})

test('who comes later hears what is kept, who comes back only what was said meanwhile, and nobody anything twice', async () => {
  await using club = await openClub()
  const ann = await club.signUp('ann@club.test')
  const hers = ann.chat({ id: club.room.id })
  for (let number = 1; number <= 60; number++) {
    await hers.send({ text: `${number}` })
    if (number % 10 === 0) club.clock.advance('10s')
  }
  const bob = await club.signUp('bob@club.test')
  const his = bob.chat({ id: club.room.id })
  const heard = textsOf(his)
  const latest = Array.from({ length: 40 }, (_, index) => `${index + 21}`)
  assert.deepEqual(await heard.count(40), latest)

  const raw = await club.raw('bob@club.test')
  raw.send({ type: 'join', id: 1, channel: 'chat', params: { id: club.room.id } })
  const frames = await raw.settle()
  const { epoch } = frames.find(({ type }) => type === 'joined')
  const messages = frames.filter(({ type }) => type === 'message')
  const since = `${epoch}.${messages[36].number}`
  raw.send({ type: 'leave', id: 1 }, { type: 'join', id: 2, channel: 'chat', params: { id: club.room.id }, since })
  await club.settled()
  const again = (await raw.settle()).filter(({ type }) => type === 'message')
  assert.deepEqual(
    again.map(({ body }) => body.text),
    ['58', '59', '60'],
  )
  // a database that was restored has other numbers: what it keeps is told whole
  raw.send({ type: 'join', id: 3, channel: 'chat', params: { id: club.room.id }, since: `other.${messages[36].number}` })
  assert.equal((await raw.settle()).filter(({ type }) => type === 'message').length, 40)
  raw.socket.terminate()
})

test('who was away for longer than messages are kept is told that some are missed', async () => {
  await using club = await openClub()
  const ann = await club.signUp('ann@club.test')
  const hers = ann.chat({ id: club.room.id })
  await hers.send({ text: 'before' })
  const early = await club.raw('ann@club.test')
  early.send({ type: 'join', id: 1, channel: 'chat', params: { id: club.room.id } })
  const frames = await early.settle()
  const since = `${frames.find(({ type }) => type === 'joined').epoch}.${frames.find(({ type }) => type === 'message').number}`
  early.socket.terminate()
  club.clock.advance('1h')
  for (let number = 1; number <= 64; number++) {
    await hers.send({ text: `${number}` })
    if (number % 10 === 0) club.clock.advance('10m')
  }
  const raw = await club.raw('ann@club.test')
  raw.send({ type: 'join', id: 2, channel: 'chat', params: { id: club.room.id }, since })
  await club.settled()
  const types = (await raw.settle()).filter(({ type, id }) => type === 'missed' || (type === 'message' && id !== undefined))
  assert.equal(types[0]?.type, 'missed')
  assert.equal(types.at(-1)?.body.text, '64')
  assert.equal(types.filter(({ type }) => type === 'missed').length, 1)
  raw.socket.terminate()
})

test('nobody is let in whom the rule does not name, and each is told why', async () => {
  await using club = await openClub()
  const closed = await club.db.rooms.create({ title: 'Owls' })
  const bob = await club.signUp('bob@club.test')
  const refused = async (join: { readonly joined: Promise<void> }) => codeOf(join.joined)
  assert.equal(await refused(bob.chat({ id: closed.id }, quiet)), 'TAPRI_DENIED')
  assert.equal(await refused(club.guest.chat({ id: club.room.id }, quiet)), 'TAPRI_APP_SIGN_IN')
  assert.equal(await refused(Reflect.apply(bob.chat, bob, [{ id: 'none' }, quiet])), 'TAPRI_INVALID')
  const anything: any = bob
  assert.equal(await refused(anything.parlour({}, quiet)), 'TAPRI_LIVE_CHANNEL')
  await club.guest.lobby().joined
})

test('who is put out hears nothing that is said from then on, not even in the same transaction', async () => {
  await using club = await openClub()
  const closed = await club.db.rooms.create({ title: 'Owls' })
  const [ann, bob] = [await club.signUp('ann@club.test'), await club.signUp('bob@club.test')]
  await club.db.guests.create({ room: closed.id, user: await club.idOf('ann@club.test') })
  const guest = await club.db.guests.create({ room: closed.id, user: await club.idOf('bob@club.test') })
  const [hers, his] = [ann.chat({ id: closed.id }), bob.chat({ id: closed.id }, quiet)]
  const [heardByAnn, heardByBob] = [textsOf(hers), textsOf(his)]
  const ended = arrivals<string>()
  his.onEnd((error: any) => ended.add(error?.code))
  await Promise.all([hers.joined, his.joined])
  await hers.send({ text: 'all' })
  await heardByBob.count(1)
  const tables: any = club.db
  const [{ id, ...said }] = await tables.tapri_messages.find()
  // written first, and yet he may not hear it: both are one
  await tables.transaction(async (db: any) => {
    const { last } = await db.tapri_channels.update((await db.tapri_channels.first()).id, { last: add(1) })
    await db.tapri_messages.create({ ...said, key: 'k2', number: last, body: '{"text":"secret"}' })
    await db.guests.delete(guest.id)
  })
  await hers.send({ text: 'more' })
  assert.deepEqual(await heardByAnn.count(3), ['all', 'secret', 'more'])
  assert.deepEqual(await ended.count(1), ['TAPRI_DENIED'])
  await club.settled()
  assert.deepEqual(heardByBob.seen, ['all'])
  assert.equal(await codeOf(his.send({ text: 'let me in' })), 'TAPRI_CLIENT_LEFT')
})

test("a change of the rule's rows that lets somebody stay keeps nothing from them", async () => {
  await using club = await openClub()
  const [ann, bob] = [await club.signUp('ann@club.test'), await club.signUp('bob@club.test')]
  const [hers, his] = [ann.chat({ id: club.room.id }), bob.chat({ id: club.room.id })]
  const heard = textsOf(his)
  await Promise.all([hers.joined, his.joined])
  for (let number = 1; number <= 10; number++) {
    await Promise.all([club.db.rooms.update(club.room.id, { title: `${number}` }), hers.send({ text: `${number}` })])
  }
  assert.deepEqual(
    await heard.count(10),
    Array.from({ length: 10 }, (_, index) => `${index + 1}`),
  )
})

test('a session that ends puts its sockets out of every channel', async () => {
  await using club = await openClub()
  const [ann, bob] = [await club.signUp('ann@club.test'), await club.signUp('bob@club.test')]
  const [hers, his] = [ann.chat({ id: club.room.id }), bob.chat({ id: club.room.id }, quiet)]
  const heard = textsOf(his)
  const ended = arrivals<string>()
  his.onEnd((error: any) => ended.add(error?.code))
  await Promise.all([hers.joined, his.joined])
  await bob.auth.signOut()
  await hers.send({ text: 'he is gone' })
  assert.deepEqual(await ended.count(1), ['TAPRI_AUTH_SESSION'])
  await club.settled()
  assert.deepEqual(heard.seen, [])
})

test('a message is checked, and refused by who may refuse it, with the reason for its sender alone', async () => {
  await using club = await openClub()
  const ann = await club.signUp('ann@club.test')
  const hers = ann.chat({ id: club.room.id })
  const heard = textsOf(hers)
  assert.equal(await codeOf(hers.send({ text: 'x'.repeat(501) })), 'TAPRI_INVALID')
  assert.equal(await codeOf(Reflect.apply(hers.send, hers, [{ text: 'hello', admin: true }])), 'TAPRI_INVALID')
  assert.equal(await codeOf(hers.send({ text: 'spam' })), 'TAPRI_DENIED')
  assert.equal(await codeOf(hers.send({ text: 'x'.repeat(70_000) })), 'TAPRI_CLIENT_INPUT')
  await hers.send({ text: 'hello' })
  assert.deepEqual(await heard.count(1), ['hello'])
  assert.equal(await club.db.guests.count(), 0)
})

/** A client, with the session that its last sign-in gave; so much has been said with it that the next message waits. */
async function openTalker(club: Awaited<ReturnType<typeof openClub>>, email?: string) {
  let token = email === undefined ? undefined : await club.token(email)
  const asBob: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init)
    if (answer.headers.get('tapri-session') !== null) token = await club.token('bob@club.test')
    return answer
  }
  const api = client<typeof app>(club.url, { token: () => token, fetch: asBob, clock: manualClock() })
  const hall = api.hall({ id: club.room.id })
  const said = Array.from({ length: 30 }, (_, index) => `${index}`)
  await Promise.all(said.map((text) => hall.send({ text })))
  const signUp = () => api.auth.signUp({ name: 'Bob', email: 'bob@club.test', password: 'nine kites over the harbour' })
  return { hall, said, signUp, [Symbol.dispose]: () => closeClient(api) }
}

test('what waits when somebody else signs in is not said in their name, and what they say then is', async () => {
  await using club = await openClub()
  await club.signUp('ann@club.test')
  using talker = await openTalker(club, 'ann@club.test')
  const refused = codeOf(talker.hall.send({ text: 'one too many' }))
  await talker.signUp()
  const his = talker.hall.send({ text: 'his' })
  assert.equal(await refused, 'TAPRI_CLIENT_LEFT')
  await his
  const heard: [string, string][] = []
  for await (const { body, from } of club.guest.hall({ id: club.room.id })) {
    heard.push([body.text, from])
    if (body.text === 'his') break
  }
  const [ann, bob] = [await club.idOf('ann@club.test'), await club.idOf('bob@club.test')]
  assert.deepEqual(heard, [...talker.said.map((text) => [text, ann]), ['his', bob]])
})

test('what a visitor has said and waits when they sign up is said by the member whom they became', async () => {
  await using club = await openClub()
  using talker = await openTalker(club)
  const waiting = talker.hall.send({ text: 'my first' })
  await talker.signUp()
  await waiting
  const bob = await club.idOf('bob@club.test')
  const last = arrivals<string>()
  club.guest.hall({ id: club.room.id }).onMessage(({ body, from }) => body.text === 'my first' && last.add(from))
  assert.deepEqual(await last.count(1), [bob])
})

test('a message that is sent again under its key is kept once', async () => {
  await using club = await openClub()
  await club.signUp('ann@club.test')
  const [one, other] = [await club.raw('ann@club.test'), await club.raw('ann@club.test')]
  const join = { type: 'join', id: 1, channel: 'chat', params: { id: club.room.id } }
  const say = { type: 'send', id: 1, key: 'k1', message: { text: 'once' } }
  for (const raw of [one, other]) raw.send(join)
  await Promise.all([one.settle(), other.settle()])
  await club.settled()
  one.send(say, say)
  other.send(say)
  await Promise.all([one.settle(), other.settle()])
  await club.settled()
  one.send({ ...say, key: 'k2', message: { text: 'twice' } })
  const seen: any[] = []
  while (seen.at(-1)?.body?.text !== 'twice') seen.push(await other.next())
  assert.deepEqual(
    seen.filter(({ type }) => type === 'message').map(({ body }) => body.text),
    [...(seen.some(({ body }) => body?.text === 'once') ? ['once'] : []), 'twice'],
  )
  const late = await club.raw('ann@club.test')
  late.send(join)
  const kept: any[] = []
  while (kept.at(-1)?.body?.text !== 'twice') kept.push(await late.next())
  assert.equal(kept.filter(({ type }) => type === 'message').length, 2)
  for (const raw of [one, other, late]) raw.socket.terminate()
})

test('members come and go, are one whatever sockets they have, and change with what the rule reads of them', async () => {
  await using club = await openClub()
  const [ann, bob] = [await club.signUp('ann@club.test'), await club.signUp('bob@club.test')]
  const hers = ann.chat({ id: club.room.id })
  const lists = arrivals<string>()
  hers.onMembers((members) =>
    lists.add(
      members
        .map(({ facts }) => facts.name)
        .sort()
        .join(),
    ),
  )
  await hers.joined
  const his = bob.chat({ id: club.room.id })
  while (lists.seen.at(-1) !== 'ann,bob') await lists.count(lists.seen.length + 1)
  const raw = await club.raw('bob@club.test')
  raw.send({ type: 'join', id: 1, channel: 'chat', params: { id: club.room.id } })
  const listed: any[] = []
  while (!listed.some(({ type }) => type === 'joined')) listed.push(await raw.next())
  await club.settled()
  const before = lists.seen.length
  raw.socket.terminate()
  await club.db.users.update(await club.idOf('bob@club.test'), { name: 'Bobby' })
  await lists.count(before + 1)
  assert.deepEqual(lists.seen.slice(before), ['Bobby,ann'])
  assert.equal(hers.count, 2)
  his.leave()
  await lists.count(before + 2)
  assert.equal(lists.seen.at(-1), 'ann')
})

test('a signal reaches those who are there, is kept nowhere, and does not come back to who gave it', async () => {
  await using club = await openClub()
  const [ann, bob] = [await club.signUp('ann@club.test'), await club.signUp('bob@club.test')]
  const [hers, his] = [ann.chat({ id: club.room.id }), bob.chat({ id: club.room.id })]
  const [toAnn, toBob] = [arrivals<unknown>(), arrivals<unknown>()]
  hers.onSignal((signal) => toAnn.add(signal))
  his.onSignal((signal) => toBob.add(signal))
  await Promise.all([hers.joined, his.joined])
  hers.signal({ typing: true })
  assert.deepEqual(await toBob.count(1), [{ from: await club.idOf('ann@club.test'), signal: { typing: true } }])
  his.signal({ typing: false })
  await toAnn.count(1)
  assert.equal(toAnn.seen.length + toBob.seen.length, 2)
})

test('a channel without history is heard by whoever is there', async () => {
  await using club = await openClub()
  const one = club.guest.lobby()
  const ann = await club.signUp('ann@club.test')
  const hers = ann.lobby()
  const [heard, heardByAnn] = [textsOf(one), textsOf(hers)]
  await Promise.all([one.joined, hers.joined])
  await one.send({ text: 'hello' })
  assert.deepEqual(await heard.count(1), ['hello'])
  assert.deepEqual(await heardByAnn.count(1), ['hello'])
  const bob = await club.signUp('bob@club.test')
  const late = bob.lobby()
  const heardByBob = textsOf(late)
  await late.joined
  await hers.send({ text: 'again' })
  assert.deepEqual(await heardByBob.count(1), ['again'])
})

test('a channel that is joined twice over one line is heard once by each', async () => {
  await using club = await openClub()
  const ann = await club.signUp('ann@club.test')
  const [one, other] = [ann.chat({ id: club.room.id }), ann.chat({ id: club.room.id })]
  const [heard, heardByOther] = [textsOf(one), textsOf(other)]
  const signals = arrivals<unknown>()
  one.onSignal((signal) => signals.add(signal))
  await Promise.all([one.joined, other.joined])
  await one.send({ text: 'one' })
  other.signal({ typing: true })
  await other.send({ text: 'two' })
  assert.deepEqual(await heard.count(2), ['one', 'two'])
  assert.deepEqual(await heardByOther.count(2), ['one', 'two'])
  await club.settled()
  assert.equal(signals.seen.length, 1)
  one.leave()
  await other.send({ text: 'three' })
  assert.deepEqual(await heardByOther.count(3), ['one', 'two', 'three'])
  assert.equal(heard.seen.length, 2)
})

test('messages are an async iterable that ends when the channel is left', async () => {
  await using club = await openClub()
  const ann = await club.signUp('ann@club.test')
  const hers = ann.chat({ id: club.room.id })
  const seen: string[] = []
  const reading = (async () => {
    for await (const { body } of hers) {
      seen.push(body.text)
      if (seen.length === 2) hers.leave()
    }
  })()
  await hers.send({ text: 'one' })
  await hers.send({ text: 'two' })
  await reading
  assert.deepEqual(seen, ['one', 'two'])
})

test('a socket that says too much, or is in too many channels, is told so', async () => {
  await using club = await openClub()
  await club.signUp('ann@club.test')
  const raw = await club.raw('ann@club.test')
  const codes = async (wanted: number, type: string) => {
    const found: string[] = []
    while (found.length < wanted) {
      const frame = await raw.next()
      if (frame.type === type) found.push(frame.problem?.code ?? 'taken')
    }
    return found
  }
  raw.send({ type: 'send', id: 1, key: 'k', message: {} }, { type: 'signal', id: 1, signal: {} })
  assert.deepEqual(await codes(2, 'sent'), ['TAPRI_LIVE_NOT_JOINED', 'TAPRI_LIVE_NOT_JOINED'])
  const join = (id: number) => ({ type: 'join', id, channel: 'chat', params: { id: club.room.id } })
  for (let id = 1; id <= 51; id++) raw.send(join(id))
  assert.deepEqual(await codes(1, 'left'), ['TAPRI_LIVE_TOO_MANY'])
  raw.send(join(1))
  assert.deepEqual(await codes(1, 'sent'), ['TAPRI_LIVE_FRAME'])
  await club.settled()
  for (let key = 1; key <= 31; key++) raw.send({ type: 'signal', id: 1, signal: { typing: true } })
  assert.deepEqual(await codes(1, 'sent'), ['TAPRI_LIVE_TOO_FAST'])
  raw.socket.terminate()
})

test('what is kept no longer is swept, and a channel in which nothing was said for long goes on with new numbers', async () => {
  await using club = await openClub()
  const ann = await club.signUp('ann@club.test')
  const hers = ann.chat({ id: club.room.id })
  const heard = textsOf(hers)
  await hers.send({ text: 'old' })
  club.clock.advance('8d')
  const tables: any = club.db
  while ((await tables.tapri_messages.count()) + (await tables.tapri_channels.count()) > 0) {
    club.clock.advance('1h')
    await club.settled()
  }
  await hers.send({ text: 'new' })
  assert.deepEqual(await heard.count(2), ['old', 'new'])
  const bob = await club.signUp('bob@club.test')
  const his = bob.chat({ id: club.room.id })
  assert.deepEqual(await textsOf(his).count(1), ['new'])
})

test('a socket that does not read is not cut off for what others say: it reads on from where it was', async () => {
  await using club = await openClub()
  await club.guest.hall({ id: club.room.id }).send({ text: 'first' })
  const tables: any = club.db
  const channel = await tables.tapri_channels.first()
  const texts = Array.from({ length: 300 }, (_, index) => `${index} ${'x'.repeat(60_000)}`)
  const say = async (from: number, to: number) => {
    for (const [index, said] of texts.slice(from, to).entries()) {
      await tables.transaction(async (db: any) => {
        const { last } = await db.tapri_channels.update(channel.id, { last: add(1) })
        const common = { channel: channel.key, sender: 'somebody', number: last, at: channel.at }
        await db.tapri_messages.create({ ...common, key: `${from + index}`, body: JSON.stringify({ text: said }) })
      })
    }
  }
  await say(0, 250)
  const raw = await openRaw(Number(new URL(club.url).port), { perMessageDeflate: false })
  raw.socket.pause()
  raw.send({ type: 'join', id: 1, channel: 'hall', params: { id: club.room.id } })
  await say(250, 300)
  await club.settled()
  raw.socket.resume()
  const heard: string[] = []
  const closed = raw.closed.then((code) => assert.fail(`closed with ${code}`))
  while (heard.length < 301) {
    const frame = await Promise.race([raw.next(), closed])
    if (frame.type === 'message') heard.push(frame.body.text.split(' ')[0])
  }
  closed.catch(() => {})
  assert.deepEqual(heard, ['first', ...texts.map((_, index) => `${index}`)])
  raw.socket.terminate()
})

test('a channel of a module runs inside of its middleware, and is joined by name like any other', async () => {
  const kit = tapri({ models: {} })
  const greeting = kit.middleware<{ greeting: string }>(async (_context, next) => next({ greeting: 'Good day' }))
  const talk = channel(kit.visitor.use(greeting), '/talks/:about', {
    message: { text: text() },
    join: ({ params }) => params.about !== 'owls',
    send: ({ greeting, params }, message) => ({ text: `${greeting}, ${params.about}: ${message.text}` }),
  })
  const talks = kit.module({ name: 'talks', channels: { talk } })
  await using club = await testApp(tapri({ models: {} }).app({ controllers: {}, modules: [talks], policies: [] }))
  const kites = club.guest.talk({ about: 'kites' })
  const heard = textsOf(kites)
  await kites.send({ text: 'hello' })
  assert.deepEqual(await heard.count(1), ['Good day, kites: hello'])
  assert.equal(await codeOf(club.guest.talk({ about: 'owls' }, quiet).joined), 'TAPRI_DENIED')
})

test('a channel with the name of a controller, or that keeps nothing to speak of, is refused at start', async () => {
  const { app, controller, visitor } = tapri({ models: {} })
  const options = { message: { text: text() }, join: () => true, send: (): false => false } as const
  const both = app({
    controllers: { chat: controller('/chat', {}) },
    channels: { chat: channel(visitor, '/chat', options) },
    policies: [],
  })
  assert.equal(await codeOf(testApp(both)), 'TAPRI_APP_NAME_TWICE')
  assert.equal(
    await codeOf((async () => channel(visitor, '/chat', { ...options, history: { keep: 0 } }))()),
    'TAPRI_LIVE_CHANNEL_OPTIONS',
  )
})
