import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { manualClock } from '../kit/clock.ts'
import { hearing } from './heard.fixture.ts'
import type { Line, LineEnds, LineMaker } from './line.ts'
import { LinedBus } from './lined.ts'

test('a line that cannot be made is tried again, after two seconds at the longest', async () => {
  const clock = manualClock()
  const wire = wireFor({ isAway: true })
  const bus = new LinedBus(wire.maker, { clock })
  await bus.connect()
  for (let attempt = 0; attempt < 20; attempt++) {
    const before = wire.opened
    clock.advance(2000)
    await turn()
    assert.ok(wire.opened > before)
  }
  assert.deepEqual(await bus.health(), { isUp: false, reason: 'nobody is there' })
  await assert.rejects(bus.publish('kites', 'red'), { code: 'TAPRI_BUS_LOST', message: /nobody is there/ })
  await bus.close()
  const { opened } = wire
  clock.advance(60_000)
  await turn()
  assert.equal(wire.opened, opened)
})

test('a line that does not answer is given up within ten seconds, and another one made', async () => {
  const clock = manualClock()
  const wire = wireFor({})
  const bus = new LinedBus(wire.maker, { clock })
  await bus.connect()
  const gaps = hearing()
  bus.onGap(() => gaps.hear('gap'))
  clock.advance(5000)
  await turn()
  wire.isSilent = true
  for (let second = 0; second < 10; second++) {
    clock.advance(1000)
    await turn()
  }
  assert.equal(wire.closed, 1)
  wire.isSilent = false
  clock.advance(2000)
  await turn()
  await turn()
  assert.equal(wire.opened, 2)
  assert.deepEqual(gaps.texts, ['gap'])
  await bus.close()
})

test('the gap is told before anything that came after it', async () => {
  const clock = manualClock()
  const wire = wireFor({})
  const bus = new LinedBus(wire.maker, { clock })
  await bus.connect()
  const heard = hearing()
  bus.onGap(() => heard.hear('gap'))
  await bus.subscribe('kites', heard.hear)
  wire.ends?.hear('kites', 'one')
  wire.ends?.lost(new Error('cut'))
  const held = wire.holdListens()
  await turn()
  clock.advance(2000)
  await turn()
  wire.ends?.hear('kites', 'two')
  held.resolve()
  await heard.until('gap')
  wire.ends?.hear('kites', 'three')
  assert.deepEqual(heard.texts, ['one', 'gap', 'three'])
  await bus.close()
})

test('a subscription that the other side refuses is told so, and hears nothing', async () => {
  const wire = wireFor({})
  const bus = new LinedBus(wire.maker, { clock: manualClock() })
  await bus.connect()
  const heard = hearing()
  wire.holdListens().reject(new Error('not allowed'))
  await assert.rejects(bus.subscribe('kites', heard.hear), /not allowed/)
  wire.ends?.hear('kites', 'red')
  assert.deepEqual(heard.texts, [])
  await bus.close()
})

test('closing does not wait for a line that is just being made, and closes it when it comes', async () => {
  const wire = wireFor({})
  const coming = wire.holdOpens()
  const bus = new LinedBus(wire.maker, { clock: manualClock() })
  const connecting = bus.connect()
  await bus.close()
  await connecting
  assert.equal(wire.closed, 0)
  coming.resolve()
  await turn()
  assert.equal(wire.closed, 1)
})

test('who unsubscribes or subscribes while a text is told is taken at their word', async () => {
  const wire = wireFor({})
  const bus = new LinedBus(wire.maker, { clock: manualClock() })
  await bus.connect()
  const heard = hearing()
  let end = async () => {}
  await bus.subscribe('kites', () => {
    void end()
    void bus.subscribe('kites', heard.hear)
  })
  end = await bus.subscribe('kites', heard.hear)
  wire.ends?.hear('kites', 'red')
  assert.deepEqual(heard.texts, [])
  wire.ends?.hear('kites', 'blue')
  assert.deepEqual(heard.texts, ['blue'])
  await bus.close()
})

interface Wire {
  readonly maker: LineMaker
  /** The newest line's. */
  ends: LineEnds | undefined
  opened: number
  closed: number
  isSilent: boolean
  /** Lines are not there until what it answers is settled. */
  holdOpens(): PromiseWithResolvers<void>
  /** The same, of topics. */
  holdListens(): PromiseWithResolvers<void>
}

/** Lines whose other side does what the test says. */
function wireFor({ isAway = false }: { readonly isAway?: boolean }): Wire {
  let opens = Promise.withResolvers<void>()
  let listens = Promise.withResolvers<void>()
  opens.resolve()
  listens.resolve()
  const line: Line = {
    async publish() {},
    listen: () => listens.promise,
    async unlisten() {},
    ping: () => (wire.isSilent ? new Promise(() => {}) : Promise.resolve()),
    async close() {
      wire.closed++
    },
  }
  const maker: LineMaker = {
    kind: 'wire',
    shown: 'wire:',
    async open(ends) {
      wire.opened++
      if (isAway) throw new Error('nobody is there')
      wire.ends = ends
      await opens.promise
      return line
    },
  }
  const wire: Wire = {
    maker,
    ends: undefined,
    opened: 0,
    closed: 0,
    isSilent: false,
    holdOpens() {
      opens = Promise.withResolvers()
      return opens
    },
    holdListens() {
      listens = Promise.withResolvers()
      return listens
    },
  }
  return wire
}
