import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { startApp } from 'tapri'
import { client, closeClient } from 'tapri/client'
import { scratchDatabase } from '../packages/tapri/src/data/index.ts'
import { type Clock, manualClock, systemClock } from '../packages/tapri/src/kit/clock.ts'
import { arrivals } from '../packages/tapri/src/live/stall.fixture.ts'
import app, { hall, textsOf } from './channels.fixture.ts'
import { kill, openRota, settingsOf, startNode } from './channels-nodes.fixture.ts'
import { openPlain } from './plain-client.fixture.ts'

const database = process.env.TEST_POSTGRES_URL
const buses = Object.entries({
  ipc: 'ipc',
  postgres: database,
  redis: process.env.TEST_REDIS_URL,
  nats: process.env.TEST_NATS_URL,
})

/** Two nodes, one of them in a process of its own, and a proxy that leads each request to the other one than the last. */
async function openTown(bus: string, clock: Clock = systemClock) {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-lines-'))
  const scratch = await scratchDatabase(database ?? '')
  const more: Readonly<Record<string, string>> = bus === 'ipc' ? {} : { BUS_URL: bus }
  const environment = { ...settingsOf(scratch.url, folder), ...more }
  const here = await startApp(app.description, { file: null, host: '127.0.0.1', port: 0, migrate: 'auto', clock, environment })
  const other = await startNode(scratch.url, folder, more)
  const rota = await openRota([Number(new URL(here.url).port), other.port])
  const clients: object[] = []
  const db: any = here.database.asSystem
  return {
    db,
    here,
    other,
    rota,
    room: await db.rooms.create({ title: 'Town', open: true }),
    url: `http://127.0.0.1:${rota.port}/api`,
    open() {
      const opened = client<typeof app>(`http://127.0.0.1:${rota.port}/api`, { live: 'events' })
      clients.push(opened)
      return opened
    },
    async [Symbol.asyncDispose]() {
      for (const opened of clients) closeClient(opened)
      await rota[Symbol.asyncDispose]()
      await kill(other)
      await here.stop()
      await scratch.dispose()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

for (const [kind, bus] of buses) {
  const skip = (database === undefined || bus === undefined) && `no PostgreSQL, or no ${kind}, to test with`

  test(`${kind}: lines of events work though each request comes to another node, and go on when the one that has them is killed`, {
    skip,
    timeout: 120_000,
  }, async () => {
    await using town = await openTown(bus ?? '')
    const [one, two] = [town.open(), town.open()]
    const halls = [one, two].map((api) => api.hall({ id: town.room.id }))
    const heard = halls.map((hall) => textsOf(hall))
    const titles = arrivals<string>()
    two.rooms.get.live({ id: town.room.id }, ({ title }) => titles.add(title))
    const until = async (title: string) => {
      while (titles.last !== title) await titles.count(titles.seen.length + 1)
    }
    await Promise.all(halls.map(({ joined }) => joined))
    const say = (from: number, to: number) =>
      Promise.all(halls.flatMap((hall, at) => range(from, to).map((index) => hall.send({ text: `${at}.${index}` }))))
    await say(0, 12)
    await Promise.all(heard.map((each) => each.count(24)))
    await town.db.rooms.update(town.room.id, { title: 'City' })
    await until('City')
    for (const posts of town.rota.posts.values()) assert.ok(posts > 2, `${posts} requests came to one node`)
    // each is on another node, and both are known to each
    while ((await town.here.channel(hall, { id: town.room.id }).count()) < 2) await setImmediate()

    town.rota.leave(town.other.port)
    await kill(town.other)
    await say(12, 20)
    await Promise.all(heard.map((each) => each.count(40)))
    assert.deepEqual(heard[0]?.seen, heard[1]?.seen)
    for (const at of [0, 1]) {
      const own = heard[0]?.seen.filter((text) => text.startsWith(`${at}.`))
      assert.deepEqual(
        own,
        range(0, 20).map((index) => `${at}.${index}`),
      )
    }
    await town.db.rooms.update(town.room.id, { title: 'Capital' })
    await until('Capital')
  })
}

test('a client that is written from the protocol alone follows an answer and a channel though each request comes to another node', {
  skip: database === undefined && 'no PostgreSQL to test with',
}, async (t) => {
  await using town = await openTown('ipc')
  const { changes } = town.here.database
  const plain = await openPlain(town.url, 'events')
  t.after(() => plain.close())
  const followed = plain.subscribe('rooms.get', { id: town.room.id })
  const messages = plain.join('hall', { id: town.room.id })
  for (const title of ['A', 'B', 'C', 'D']) {
    await town.db.rooms.update(town.room.id, { title })
    await plain.say(messages, { text: `~${title}` })
    await town.here.channel(hall, { id: town.room.id }).send({ text: title })
    await plain.settled(`${changes.epoch}.${await changes.settled()}`)
    assert.equal(plain.value(followed).title, title)
    await plain.cut()
  }
  await plain.settled()
  assert.deepEqual(
    messages.map(({ body }) => body.text),
    ['~A', 'A', '~B', 'B', '~C', 'C', '~D', 'D'],
  )
  assert.deepEqual(new Set(messages.filter((_, index) => index % 2 === 1).map(({ from }) => from)), new Set(['app']))
})

test('a line whose node stands still is let go of after five seconds, and what was said meanwhile is not lost', {
  skip: database === undefined && 'no PostgreSQL to test with',
}, async () => {
  const clock = manualClock()
  await using town = await openTown('ipc', clock)
  // so that the next request comes to the other node
  await fetch(`${town.url}/tapri.json`)
  const theirs = town.open().hall({ id: town.room.id })
  const heard = textsOf(theirs)
  await theirs.send({ text: 'before' })
  assert.equal(town.here.live.connections, 0)
  town.other.process.kill('SIGSTOP')
  town.rota.leave(town.other.port)
  const sent = theirs.send({ text: 'after' })
  while (town.here.live.connections === 0) {
    clock.advance(1_000)
    await setImmediate()
  }
  await sent
  assert.deepEqual(await heard.count(2), ['before', 'after'])
})

test('frames for a line that is nowhere are refused by every node, and leave nothing waiting', {
  skip: database === undefined && 'no PostgreSQL to test with',
}, async () => {
  await using town = await openTown('ipc')
  for (const line of ['', 'x'.repeat(62), 'A'.repeat(64)]) {
    const answer = await fetch(`${town.url}/live/frames?line=${line}`, { method: 'POST', body: '{"type":"hello"}' })
    assert.equal(answer.status, 404)
    assert.equal((await answer.json()).code, 'TAPRI_LIVE_LINE')
  }
  const reading = await fetch(`${town.url}/live/events`)
  const reader = reading.body?.getReader()
  const { value } = (await reader?.read()) ?? {}
  const { id } = JSON.parse(/data: ?(.*)/.exec(new TextDecoder().decode(value))?.[1] ?? '{}')
  const post = () => fetch(`${town.url}/live/frames?line=${id}`, { method: 'POST', body: '{"type":"hello"}' })
  for (const answer of [await post(), await post()]) assert.equal(answer.status, 204)
  await reader?.cancel()
  let statuses = ''
  while (statuses !== '404 404') {
    statuses = [await post(), await post()].map(({ status }) => status).join(' ')
    await setImmediate()
  }
})

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}
