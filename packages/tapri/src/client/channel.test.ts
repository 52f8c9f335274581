import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChannelClientFrame } from '../kit/channel-protocol.ts'
import { manualClock } from '../kit/clock.ts'
import { JoinedChannels } from './channels.ts'

/** A channel that is in, and what it has heard; `enter` lets it in again, over another line. */
function openChannel(member: string) {
  const said: ChannelClientFrame[] = []
  const line = { isOpen: true, send: (frame: ChannelClientFrame) => said.push(frame), want() {}, release() {} }
  const channels = new JoinedChannels(line, manualClock())
  const channel = channels.open('chat', { id: 'a' })
  const heard: unknown[] = []
  channel.onMessage(({ body }) => heard.push(body))
  const enter = (by: string, epoch = 'e') => {
    channels.onLost()
    said.splice(0)
    channels.onOpen()
    const id = channel.id ?? 0
    channels.onFrame({ type: 'joined', id, topic: 7, epoch, member: by, members: [], count: 1 })
  }
  const tell = (bodies: readonly string[], first = 1) => {
    for (const [index, body] of bodies.entries()) {
      const message = { type: 'message', topic: 7, number: first + index, id: body, at: new Date(0), from: 'ann', body } as const
      channels.onFrame(message)
    }
  }
  enter(member)
  return {
    ...{ channel, heard, enter, tell },
    /** The messages that were sent over this line. */
    sent: () => said.flatMap((frame) => (frame.type === 'send' ? [frame.message] : [])),
    take() {
      const frame = said.findLast(({ type }) => type === 'send')
      if (frame?.type === 'send') channels.onFrame({ type: 'sent', id: frame.id, key: frame.key })
    },
  }
}

const left = { code: 'TAPRI_CLIENT_LEFT' }
const texts = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => `${from + index}`)

test('what a member has said is never sent as said by another, nor by a visitor', async () => {
  for (const next of ['bob', 'visitor-1']) {
    const { channel, enter, sent } = openChannel('ann')
    const waiting = [channel.send('on its way'), channel.send('waiting')]
    enter(next)
    for (const message of waiting) await assert.rejects(message, left)
    assert.deepEqual(sent(), [])
    void channel.send('my own').catch(() => {})
    assert.deepEqual(sent(), ['my own'])
  }
})

test('what a member has said is sent again when that member is back', async () => {
  const { channel, enter, sent, take } = openChannel('ann')
  const waiting = [channel.send('one'), channel.send('two')]
  enter('ann')
  assert.deepEqual(sent(), ['one'])
  take()
  take()
  await Promise.all(waiting)
})

test('what a visitor has said goes on with the next line, and with the sign-in, and is the own of who signed in', async () => {
  const { channel, enter, sent } = openChannel('visitor-1')
  const waiting = channel.send('hello')
  for (const next of ['visitor-2', 'ann', 'ann']) {
    enter(next)
    assert.deepEqual(sent(), ['hello'])
  }
  enter('bob')
  await assert.rejects(waiting, left)
  assert.deepEqual(sent(), [])
})

test('of a database that was restored nothing is heard again, and all that is new', () => {
  const { heard, enter, tell } = openChannel('ann')
  tell(texts(1, 400))
  enter('ann', 'restored')
  tell([...texts(1, 350), 'new', 'newer'])
  enter('ann', 'restored again')
  tell([...texts(1, 350), 'new', 'newest'])
  assert.deepEqual(heard, [...texts(1, 400), 'new', 'newer', 'newest'])
})

test('the last 1,000 messages are known again, however many are told anew', () => {
  const { heard, enter, tell } = openChannel('ann')
  tell(texts(1, 1_500))
  enter('ann', 'restored')
  heard.splice(0)
  tell(texts(301, 1_400))
  assert.deepEqual(heard, texts(301, 500))
})
