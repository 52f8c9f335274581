import assert from 'node:assert/strict'
import { test } from 'node:test'
import { model, text } from '../data/index.ts'
import { openRaw } from './socket.fixture.ts'
import { type Given, openStall, turns } from './stall.fixture.ts'

test('a value that goes to and fro while something else holds its frame back arrives as it is in the end', async (t) => {
  let gate: Promise<void> | undefined
  const stall = await openStall(t, {
    fast: ({ db }) => db.videos.find(),
    slow: async ({ db }) => {
      const rows = await db.videos.find({ orderBy: 'likes' })
      await gate
      return rows.length
    },
  })
  const { user } = await stall.member('Ann')
  const video = await stall.db.videos.create({ title: 'Kites', published: true, author: user.id })
  const raw = await openRaw(stall.port)
  raw.send({ type: 'subscribe', id: 1, route: 'fast' }, { type: 'subscribe', id: 2, route: 'slow' })
  await raw.settle()
  const { promise, resolve } = Promise.withResolvers<void>()
  gate = promise
  for (const likes of [1, 0, 1]) {
    await stall.db.videos.update(video.id, { likes })
    await turns(50)
  }
  gate = undefined
  resolve()
  await stall.live.settled()
  const [patch] = await raw.settle()
  assert.equal(patch.changes.length, 3)
  assert.equal(patch.changes.at(-1).from, patch.changes[0].from)
})

for (const first of ['Ann', 'Bob']) {
  test(`a rule that fails for one caller ends what that caller asked for, and nothing else, when ${first} asks first`, async (t) => {
    const read = ({ user }: any) => {
      if (user?.name === 'Bob') throw new Error('broken rule')
      return true
    }
    const more = { models: { notes: model({ title: text() }) }, policies: [{ model: 'notes', rules: { read } }] }
    const all = Promise.withResolvers<void>()
    const list = async ({ db }: Given) => {
      await all.promise
      return db.notes.find()
    }
    const stall = await openStall(t, { list }, more)
    const ask = async (name: string) => {
      const { token } = await stall.member(name)
      const raw = await openRaw(stall.port, { hello: { type: 'hello', token } })
      raw.send({ type: 'subscribe', id: 1, route: 'list' })
      await turns(50)
      return raw
    }
    const asked = [await ask(first), await ask(first === 'Ann' ? 'Bob' : 'Ann')] as const
    const [ann, bob] = first === 'Ann' ? asked : [asked[1], asked[0]]
    all.resolve()
    assert.equal((await ann.settle())[0].type, 'snapshot')
    assert.equal((await bob.settle())[0].problem.code, 'TAPRI_INTERNAL')
    await stall.db.notes.create({ title: 'Kites' })
    assert.equal((await ann.next()).type, 'patch')
  })
}

test('a wrong token right behind the hello is refused, though the first is still being looked at', async (t) => {
  const stall = await openStall(t)
  const ann = await stall.member('Ann')
  const raw = await openRaw(stall.port, { hello: null })
  raw.send({ type: 'hello', token: ann.token }, { type: 'auth', token: 'wrong' })
  assert.equal(await raw.closed, 4501)
})

test('who closes while it is being looked at leaves nothing behind', async (t) => {
  const stall = await openStall(t)
  const ann = await stall.member('Ann')
  for (let turn = 0; turn < 20; turn++) {
    const raw = await openRaw(stall.port, { hello: { type: 'hello', token: ann.token } })
    raw.send({ type: 'subscribe', id: 1, route: 'videos.list' })
    await turns(turn % 4)
    raw.socket.terminate()
  }
  await stall.live.settled()
  while (stall.live.connections > 0) await turns(1)
  await stall.live.settled()
  assert.equal(stall.live.interests, 0)
})
