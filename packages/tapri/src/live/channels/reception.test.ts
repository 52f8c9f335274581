import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Outgoing } from '../outgoing.ts'
import { Reception } from './reception.ts'
import { Room } from './room.ts'

/** One who has joined a channel that keeps nothing, and what they are sent. */
function openReception() {
  const parts: any = { key: 'lobby', topic: 1, definition: { history: undefined, hasPresence: false } }
  const owner = { isCertain: true, hasRoom: true }
  const sent: string[] = []
  const reception = new Reception(
    new Room(parts),
    1,
    Object.assign(owner, {
      confirm: async () => true,
      resumeLater() {},
      put: (frame: Outgoing) => sent.push(frame.text),
      tellMissed: () => sent.push('missed'),
    }),
  )
  reception.begin()
  return { reception, owner, sent }
}

test('what comes when it is certain again does not overtake what was held back in doubt', async () => {
  const { reception, owner, sent } = openReception()
  owner.isCertain = false
  reception.tell(new Outgoing('1'), 'message')
  owner.isCertain = true
  reception.tell(new Outgoing('2'), 'signal')
  await reception.catchUp()
  reception.tell(new Outgoing('3'), 'message')
  assert.deepEqual(sent, ['1', '2', '3'])
})

test('who reads too slowly is told of messages that were left out, and of signals nothing', async () => {
  const { reception, owner, sent } = openReception()
  owner.hasRoom = false
  reception.tell(new Outgoing('1'), 'signal')
  owner.hasRoom = true
  await reception.catchUp()
  assert.deepEqual(sent, [])
  owner.hasRoom = false
  reception.tell(new Outgoing('2'), 'message')
  owner.hasRoom = true
  await reception.catchUp()
  assert.deepEqual(sent, ['missed'])
})
