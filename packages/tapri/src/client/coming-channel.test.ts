import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChannelClientFrame } from '../kit/channel-protocol.ts'
import { manualClock } from '../kit/clock.ts'
import { JoinedChannels } from './channels.ts'
import { ComingChannel } from './coming-channel.ts'

/** A channel whose part of the client the test lets in, and a line whose frames it hands in. */
function coming() {
  const said: ChannelClientFrame[] = []
  const line = { isOpen: true, send: (frame: ChannelClientFrame) => said.push(frame), want() {}, release() {} }
  const channels = new JoinedChannels(line, manualClock())
  const { promise: part, resolve, reject } = Promise.withResolvers<JoinedChannels>()
  const errors: Error[] = []
  const options = { onError: (error: Error) => errors.push(error) }
  const channel = new ComingChannel(
    part.then((loaded) => () => loaded.open('chat', { id: 'a' }, options)),
    options,
  )
  return {
    channel,
    errors,
    said,
    fail: reject,
    async arrive() {
      resolve(channels)
      await new Promise(setImmediate)
    },
    hear: channels.onFrame.bind(channels),
  }
}

const joined = {
  type: 'joined',
  id: 1,
  topic: 7,
  epoch: 'e',
  member: 'me',
  members: [{ id: 'ann', facts: {} }],
  count: 1,
} as const
const message = (id: string) => ({ type: 'message', topic: 7, id, at: new Date(0), from: 'ann', body: id }) as const

test('what was asked of a channel before it was there is done when it is', async () => {
  const { channel, said, arrive, hear } = coming()
  const heard: unknown[] = []
  channel.onMessage(({ body }) => heard.push(body))
  const stop = channel.onMessage(() => heard.push('of one that was left'))
  stop()
  const sent = channel.send('first')
  const messages = channel[Symbol.asyncIterator]()
  channel.signal('lost, as on a line that is not there')
  assert.deepEqual([channel.count, channel.members()], [0, []])
  await arrive()
  assert.deepEqual(said, [{ type: 'join', id: 1, channel: 'chat', params: { id: 'a' } }])
  hear(joined)
  await channel.joined
  assert.deepEqual([channel.count, channel.members()], [1, [{ id: 'ann', facts: {} }]])
  const frame = said[1]
  assert.ok(frame?.type === 'send' && frame.message === 'first')
  hear({ type: 'sent', id: 1, key: frame.key })
  await sent
  hear(message('one'))
  assert.deepEqual(heard, ['one'])
  assert.partialDeepStrictEqual(await messages.next(), { value: { body: 'one' } })
  channel.signal('now')
  assert.deepEqual(said[2], { type: 'signal', id: 1, signal: 'now' })
})

test('a channel that is left before it is there is never joined', async () => {
  const { channel, errors, said, arrive } = coming()
  const ends: unknown[] = []
  channel.onEnd((error) => ends.push(error))
  const sent = assert.rejects(channel.send('never'), { code: 'TAPRI_CLIENT_LEFT' })
  channel.leave()
  await sent
  await assert.rejects(channel.joined, { code: 'TAPRI_CLIENT_LEFT' })
  await arrive()
  assert.deepEqual([said, errors, ends], [[], [], [undefined]])
})

test('a channel that will never be there says why to all who wait for it', async () => {
  const { channel, errors, fail } = coming()
  const ends: unknown[] = []
  channel.onEnd((error) => ends.push(error))
  channel.onMessage(() => ends.push('a message'))
  const messages = channel[Symbol.asyncIterator]()
  const error = new Error('the part is not there')
  fail(error)
  for (const waiting of [channel.joined, channel.send('a'), messages.next()]) await assert.rejects(waiting, error)
  assert.deepEqual([errors, ends], [[error], [error]])
})
