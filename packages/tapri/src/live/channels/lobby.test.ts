import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { openLobby } from './town.fixture.ts'

const join = { type: 'join', id: 1, channel: 'lobby', params: {} } as const

async function enter(lobby: Awaited<ReturnType<typeof openLobby>>) {
  const socket = lobby.open()
  socket.session.onFrame(join)
  await lobby.settled()
  return socket
}

test('who is in doubt while somebody comes has missed no message: the list is told whole', async () => {
  await using lobby = await openLobby()
  const one = await enter(lobby)
  const { promise, resolve } = Promise.withResolvers<void>()
  lobby.rule(async () => {
    await promise
    return { params: {}, facts: {} }
  })
  one.session.reconsider()
  const { tapri_members: members }: any = lobby.database.asSystem
  const { id: _, ...row } = await members.first()
  await members.create({ ...row, node: 'elsewhere', member: 'ann' })
  one.frames.length = 0
  resolve()
  await lobby.settled()
  assert.deepEqual(one.types(), ['members'])
  assert.deepEqual([one.frames[0].count, one.frames[0].isWhole], [2, true])
})

test('who is in a channel that keeps nothing is told when the bus may have lost something', async () => {
  await using lobby = await openLobby()
  const one = await enter(lobby)
  one.frames.length = 0
  lobby.gap()
  await lobby.settled()
  assert.deepEqual(one.types(), ['missed'])
})

test('who leaves while it is asked whether they may stay is shown no more, whenever that is', async () => {
  await using lobby = await openLobby()
  const { tapri_members: members }: any = lobby.database.asSystem
  for (let count = 0; count < 20; count++) {
    const one = await enter(lobby)
    lobby.rule(async () => {
      let left = count
      const step = () => (left-- > 0 ? queueMicrotask(step) : one.session.onFrame({ type: 'leave', id: 1 }))
      queueMicrotask(step)
      return { params: {}, facts: {} }
    })
    one.session.reconsider()
    await setImmediate()
    await lobby.settled()
    assert.equal(await members.count(), 0, `${count} microtasks later`)
    lobby.rule(async () => ({ params: {}, facts: {} }))
  }
})
