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
  clock.advance(60_000)
  assert.deepEqual([sockets.length, listening.size], [tried + 2, 0])
  lose()
  line.close()
  clock.advance(60_000)
  assert.deepEqual([sockets.length, listening.size], [tried + 2, 0])
})
