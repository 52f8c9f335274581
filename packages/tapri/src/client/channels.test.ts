import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import { decodeWire, encodeWire } from '../kit/wire.ts'
import { KnownConnection } from './connection.ts'
import { LiveAnswers } from './live.ts'
import { readOptions } from './options.ts'

/** A socket whose server is the test. */
class Socket extends EventTarget {
  readonly said: any[] = []
  isClosed = false

  send(text: string) {
    this.said.push(decodeWire(text))
  }

  close() {
    this.isClosed = true
  }

  open() {
    this.dispatchEvent(new Event('open'))
  }

  hear(frame: object) {
    this.dispatchEvent(Object.assign(new Event('message'), { data: encodeWire(frame) }))
  }

  /** What was said of this type. */
  of(type: string) {
    return this.said.filter((frame) => frame.type === type)
  }
}

/** What of a client is live, over sockets of the test. */
function openLive() {
  const sockets: Socket[] = []
  class OwnSocket extends Socket {
    constructor() {
      super()
      sockets.push(this)
    }
  }
  const clock = manualClock()
  const options = { clock, WebSocket: OwnSocket as unknown as typeof WebSocket }
  const connection = new KnownConnection(clock)
  const answers = new LiveAnswers(readOptions('http://localhost/api', options), connection)
  /** The last socket, which is asked for in the turn after. */
  const socket = async () => {
    await undefined
    return sockets.at(-1) ?? assert.fail('no socket was opened')
  }
  return { answers, channels: answers.channels, clock, connection, sockets, socket }
}

const joined = { type: 'joined', id: 1, topic: 7, epoch: 'e', member: 'ann', members: [], count: 1 } as const

test('a channel that is opened while the line is about to close keeps it open, as a live answer does', async () => {
  for (const kind of ['channel', 'answer'] as const) {
    for (const before of ['channel', 'answer'] as const) {
      const { answers, channels, clock, socket, sockets } = openLive()
      const open = (wanted: 'channel' | 'answer') => {
        if (wanted === 'answer') return answers.subscribe('rows.list', {}, () => {})
        const channel = channels.open('chat', { id: 'a' })
        return () => channel.leave()
      }
      const leave = open(before)
      const line = await socket()
      line.open()
      leave()
      clock.advance(1_999)
      const leaveAgain = open(kind)
      await undefined
      clock.advance(10_000)
      assert.deepEqual([line.isClosed, sockets.length], [false, 1], `${before}, then ${kind}`)
      leaveAgain()
      clock.advance(1_999)
      assert.equal(line.isClosed, false)
      clock.advance(1)
      assert.equal(line.isClosed, true)
    }
  }
})

test('a line that nobody needs is not kept by what was opened and left at once', async () => {
  const { channels, clock, socket } = openLive()
  channels.open('chat', { id: 'a' })
  const line = await socket()
  line.open()
  for (const channel of [channels.open('chat', { id: 'b' }), channels.open('chat', { id: 'c' })]) channel.leave()
  await undefined
  assert.equal(line.of('join').length, 1)
  channels.close()
  clock.advance(2_000)
  assert.equal(line.isClosed, true)
})

test('what is opened in the moment in which the line opens is asked for once', async () => {
  const { answers, channels, connection, socket } = openLive()
  channels.open('chat', { id: 'a' })
  connection.onChange(({ state }) => {
    if (state !== 'online') return
    channels.open('chat', { id: 'b' })
    answers.subscribe('rows.list', {}, () => {})
  })
  const line = await socket()
  line.open()
  await undefined
  assert.deepEqual(
    line.of('join').map(({ params }) => params.id),
    ['a', 'b'],
  )
  assert.equal(line.of('subscribe').length, 1)
})

test('a live answer that is left in the moment in which the line opens is not asked for', async () => {
  const { answers, socket } = openLive()
  const onError = () => leave()
  answers.subscribe('rows.list', { q: 'x'.repeat(70_000) }, () => {}, { onError })
  const leave = answers.subscribe('rows.list', { q: 'x' }, () => {})
  const line = await socket()
  line.open()
  assert.deepEqual(line.of('subscribe'), [])
})

test('what is said after a sign-in is said by whoever the client is then, and what was said before by nobody else', async () => {
  const { answers, channels, socket } = openLive()
  const channel = channels.open('chat', { id: 'a' })
  const first = await socket()
  first.open()
  first.hear(joined)
  const hers = channel.send('by Ann')
  answers.renew()
  const his = channel.send('by Bob')
  const second = await socket()
  second.open()
  second.hear({ ...joined, id: 2, member: 'bob' })
  await assert.rejects(hers, { code: 'TAPRI_CLIENT_LEFT' })
  const [frame, ...others] = second.of('send')
  assert.deepEqual([frame.message, others], ['by Bob', []])
  second.hear({ type: 'sent', id: 2, key: frame.key })
  await his
})
