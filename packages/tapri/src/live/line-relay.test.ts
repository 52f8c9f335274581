import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Bus, openBus } from '../bus/index.ts'
import { manualClock } from '../kit/clock.ts'
import { newLineId, newNode } from './line-id.ts'
import { LineRelay, type Nodes } from './line-relay.ts'
import { arrivals, turns } from './stall.fixture.ts'

const key = randomBytes(32)
const ann = { sender: 'ann' }
const anybody = { sender: undefined }

/** A node with one line open. */
async function openNode(t: TestContext, bus: Nodes['bus']) {
  const clock = manualClock()
  const taken = arrivals<string>()
  const lines = new Set<string>()
  const relay = new LineRelay({
    bus,
    key,
    clock,
    take(line, frames) {
      if (lines.has(line)) taken.add(frames)
      return lines.has(line)
    },
  })
  t.after(() => relay.stop())
  const line = await relay.newLine()
  lines.add(line)
  return { relay, clock, taken, lines, line }
}

async function openBusFor(t: TestContext, url: string): Promise<Bus> {
  const bus = await openBus(url)
  t.after(() => bus.close())
  return bus
}

const buses = Object.entries({
  ipc: 'ipc:',
  postgres: process.env.TEST_POSTGRES_URL,
  redis: process.env.TEST_REDIS_URL,
  nats: process.env.TEST_NATS_URL,
})

for (const [kind, server] of buses) {
  test(`${kind}: frames come to the node that has the line, whole and in order, more of them than the bus carries at once`, {
    skip: server === undefined && `no ${kind} to test with`,
  }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'tapri-lines-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const url = server === 'ipc:' ? `ipc:${folder}/bus` : (server ?? '')
    const [here, there] = [await openNode(t, await openBusFor(t, url)), await openNode(t, await openBusFor(t, url))]
    const frames = Array.from({ length: 12 }, (_, index) => `${index} "${'é\\"'.repeat(11_000)}" \u0000`)
    await there.relay.pass(here.line, frames.join('\n'), ann)
    await here.relay.pass(there.line, 'hello', ann)
    assert.ok(here.taken.seen.length > 1)
    assert.deepEqual(here.taken.seen.join('\n').split('\n'), frames)
    assert.deepEqual(there.taken.seen, ['hello'])
    here.lines.clear()
    await assert.rejects(there.relay.pass(here.line, 'late', ann), { code: 'TAPRI_LIVE_LINE', status: 404 })
  })
}

test('a line of a node that is gone is told to be gone after five seconds', async (t) => {
  const bus = await openBusFor(t, 'memory:')
  const { relay, clock } = await openNode(t, bus)
  const dead = newLineId(newNode(), key)
  const passing = assert.rejects(relay.pass(dead, 'hello', ann), { code: 'TAPRI_LIVE_LINE', status: 404 })
  await turns(5)
  clock.advance(4_999)
  assert.equal(await Promise.race([passing.then(() => 'answered'), turns(5).then(() => 'waiting')]), 'waiting')
  clock.advance(1)
  await passing
})

test('an id that no node has made is refused before anybody is asked', async (t) => {
  const bus = await openBusFor(t, 'memory:')
  const published: string[] = []
  const watched: Nodes['bus'] = {
    subscribe: (topic, hear) => bus.subscribe(topic, hear),
    publish(topic, text) {
      published.push(topic)
      return bus.publish(topic, text)
    },
  }
  const { relay, line } = await openNode(t, watched)
  const strangers = [
    '',
    'x'.repeat(62),
    newLineId(newNode(), randomBytes(32)),
    `${newNode()}${line.slice(16)}`,
    `${line.slice(0, -1)}${line.endsWith('A') ? 'B' : 'A'}`,
    `${line}A`,
  ]
  for (const stranger of strangers) {
    await assert.rejects(relay.pass(stranger, 'hello', ann), { code: 'TAPRI_LIVE_LINE', status: 404 }, stranger)
  }
  assert.deepEqual(published, [])
})

test('one line has two requests on their way at most, one sender 4 MB, and all together 16 MB', async (t) => {
  const bus = await openBusFor(t, 'memory:')
  const { relay, clock } = await openNode(t, bus)
  const dead = () => newLineId(newNode(), key)
  const line = dead()
  const waiting = [relay.pass(line, 'one', ann), relay.pass(line, 'two', ann)]
  await assert.rejects(relay.pass(line, 'three', ann), { code: 'TAPRI_LIVE_TOO_MANY', status: 429 })
  const half = 'x'.repeat(2 * 1024 ** 2)
  waiting.push(relay.pass(dead(), half, ann))
  await assert.rejects(relay.pass(dead(), half, ann), { code: 'TAPRI_LIVE_TOO_MANY', status: 429 })
  const large = half.repeat(3)
  waiting.push(relay.pass(dead(), large, anybody), relay.pass(dead(), large, anybody))
  await assert.rejects(relay.pass(dead(), half, { sender: 'bo' }), { code: 'TAPRI_LIVE_BUSY', status: 503 })
  const over = waiting.map((each) => assert.rejects(each, { code: 'TAPRI_LIVE_LINE' }))
  await turns(5)
  clock.advance(5_000)
  await Promise.all(over)
  const other = await openNode(t, bus)
  await relay.pass(other.line, half.repeat(2), ann)
  assert.equal(other.taken.seen.length, 1)
})

test('a node that is gone keeps nobody waiting again, until it is heard or a minute has passed', async (t) => {
  const bus = await openBusFor(t, 'memory:')
  const { relay, clock } = await openNode(t, bus)
  const node = newNode()
  const id = () => newLineId(node, key)
  const late = async () => {
    const passing = assert.rejects(relay.pass(id(), 'hello', ann), { code: 'TAPRI_LIVE_LINE' })
    await turns(5)
    clock.advance(5_000)
    await passing
  }
  const large = 'x'.repeat(4 * 1024 ** 2)
  await late()
  // at once, and what was sent is let go of
  for (let sent = 0; sent < 8; sent++) {
    await assert.rejects(relay.pass(id(), large, { sender: `${sent}` }), { code: 'TAPRI_LIVE_LINE', status: 404 })
  }
  clock.advance(66_000)
  await late()
  // it is back, and only its answers were lost
  const stop = await bus.subscribe(`lines ${node}`, (text) => {
    const { from, number } = JSON.parse(text.split('\n')[0] ?? '')
    void bus.publish(`lines ${from}`, JSON.stringify({ type: 'taken', number, isTaken: true }))
  })
  t.after(stop)
  await assert.rejects(relay.pass(id(), 'hello', ann), { code: 'TAPRI_LIVE_LINE' })
  await turns(5)
  await relay.pass(id(), 'hello', ann)
})

test('a node that stops keeps nobody waiting, and a bus that is closed says so', async (t) => {
  const bus = await openBusFor(t, 'memory:')
  const [one, other] = [await openNode(t, bus), await openNode(t, bus)]
  const passing = one.relay.pass(newLineId(newNode(), key), 'hello', ann)
  const refused = assert.rejects(passing, { code: 'TAPRI_LIVE_STOPPED', status: 503 })
  await turns(5)
  await one.relay.stop()
  await refused
  await assert.rejects(one.relay.pass(other.line, 'hello', ann), { code: 'TAPRI_LIVE_STOPPED' })
  await bus.close()
  await assert.rejects(other.relay.pass(one.line, 'hello', ann), { code: 'TAPRI_BUS_CLOSED', status: 503 })
})
