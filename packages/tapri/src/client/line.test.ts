import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import { Line } from './line.ts'
import { readOptions } from './options.ts'

test('a line listens for the network only while it waits for it, and does not wait longer', (context) => {
  const listening = new Set<() => void>()
  const page = {
    addEventListener: (_type: string, listener: () => void) => listening.add(listener),
    removeEventListener: (_type: string, listener: () => void) => listening.delete(listener),
  }
  Object.assign(globalThis, page)
  context.after(() => {
    for (const name of Object.keys(page)) Reflect.deleteProperty(globalThis, name)
  })
  const sockets: EventTarget[] = []
  class Socket extends EventTarget {
    constructor() {
      super()
      sockets.push(this)
    }
    close() {}
  }
  const clock = manualClock()
  const options = { clock, live: 'websocket', WebSocket: Socket as unknown as typeof WebSocket } as const
  const line = new Line(readOptions('http://localhost/api', options), {
    ...{ onOpen() {}, onFrame() {}, onLost() {}, onEnd() {}, onTry() {}, onLeave() {} },
  })
  const lose = () => sockets.at(-1)?.dispatchEvent(Object.assign(new Event('close'), { code: 1006 }))
  line.open()
  for (let tries = sockets.length; listening.size === 0; tries++) assert.equal(sockets.length, tries, String(lose()))
  const tried = sockets.length
  for (const online of listening) online()
  assert.deepEqual([sockets.length, listening.size], [tried + 1, 0])
  lose()
  assert.equal(listening.size, 1)
  clock.advance(10_000)
  assert.deepEqual([sockets.length, listening.size], [tried + 2, 0])
  lose()
  line.close()
  clock.advance(60_000)
  assert.deepEqual([sockets.length, listening.size], [tried + 2, 0])
})

test('a connection that is accepted and never answered is given up after a while, and tried again, the other way too', async () => {
  const tried: string[] = []
  const given: string[] = []
  class Socket extends EventTarget {
    constructor() {
      super()
      tried.push('websocket')
    }
    close() {
      given.push('websocket')
    }
  }
  const fetch = (_url: unknown, { signal }: { signal?: AbortSignal | null } = {}) => {
    tried.push('events')
    return new Promise<Response>((_resolve, reject) => {
      signal?.addEventListener('abort', () => {
        given.push('events')
        reject(signal.reason)
      })
    })
  }
  const clock = manualClock()
  let lost = 0
  const line = new Line(readOptions('http://localhost/api', { clock, fetch, WebSocket: Socket as unknown as typeof WebSocket }), {
    ...{ onOpen() {}, onFrame() {}, onLost: () => lost++, onEnd() {}, onTry() {}, onLeave() {} },
  })
  line.open()
  await undefined
  const ways = ['websocket', 'websocket', 'events', 'events', 'websocket']
  for (let tries = 1; tries <= ways.length; tries++) {
    // events are asked for in the turn after
    for (; tried.length < tries; await undefined) clock.advance(1)
    assert.deepEqual([tried, given, lost], [ways.slice(0, tries), ways.slice(0, tries - 1), tries - 1])
    clock.advance(19_999)
    assert.equal(given.length, tries - 1)
    clock.advance(1)
    assert.deepEqual([given.length, lost], [tries, tries])
  }
  line.close()
  clock.advance(60_000)
  assert.equal(lost, ways.length)
})

test('a connection that was answered in time, or was lost before, is not given up', () => {
  const sockets: Socket[] = []
  class Socket extends EventTarget {
    isClosed = false
    constructor() {
      super()
      sockets.push(this)
    }
    send() {}
    close() {
      this.isClosed = true
    }
  }
  const clock = manualClock()
  const options = { clock, live: 'websocket', WebSocket: Socket as unknown as typeof WebSocket } as const
  const line = new Line(readOptions('http://localhost/api', options), {
    ...{ onOpen() {}, onFrame() {}, onLost() {}, onEnd() {}, onTry() {}, onLeave() {} },
  })
  line.open()
  clock.advance(10_000)
  sockets[0]?.dispatchEvent(Object.assign(new Event('close'), { code: 1006 }))
  clock.advance(10_000)
  sockets[1]?.dispatchEvent(new Event('open'))
  clock.advance(59_999)
  assert.deepEqual(
    sockets.map(({ isClosed }) => isClosed),
    [false, false],
  )
  line.close()
})
