import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate, setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { startApp } from 'tapri'
import { client, closeClient } from 'tapri/client'
import { testApp } from 'tapri/test'
import { scratchDatabase } from '../packages/tapri/src/data/index.ts'
import { manualClock } from '../packages/tapri/src/kit/clock.ts'
import { arrivals } from '../packages/tapri/src/live/stall.fixture.ts'
import { openServer } from '../scripts/services/server.ts'
import app, { hall, textsOf } from './channels.fixture.ts'
import { kill, type Node, openSwitch, settingsOf, startNode } from './channels-nodes.fixture.ts'
import { randomOf } from './fuzz.fixture.ts'
import { quickClock } from './quick-clock.fixture.ts'

const servers = Object.entries({
  PostgreSQL: process.env.TEST_POSTGRES_URL,
  MySQL: process.env.TEST_MYSQL_URL,
  MariaDB: process.env.TEST_MARIADB_URL,
  MongoDB: process.env.TEST_MONGODB_URL,
})

/** A node in this process, whose clock goes on while it is waited, and others in processes of their own on the same database. */
async function openTown(server: string, nodes: number) {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-channels-'))
  const scratch = await scratchDatabase(server)
  const clock = manualClock()
  const here = await startApp(app.description, {
    file: null,
    host: '127.0.0.1',
    port: 0,
    migrate: 'auto',
    clock,
    environment: settingsOf(scratch.url, folder),
  })
  const others: Node[] = []
  for (let count = 0; count < nodes; count++) others.push(await startNode(scratch.url, folder))
  const clients: object[] = []
  const db: any = here.database.asSystem
  return {
    here,
    url: scratch.url,
    clock,
    others,
    room: await db.rooms.create({ title: 'Town', open: true }),
    db,
    open(port: number) {
      const opened = client<typeof app>(`http://127.0.0.1:${port}/api`, { clock: quickClock })
      clients.push(opened)
      return opened
    },
    /** Waits until it is so; the clock goes on. */
    async until(isSo: () => boolean): Promise<void> {
      for (let last = Date.now(); !isSo(); ) {
        await setImmediate()
        const now = Date.now()
        clock.advance(now - last)
        last = now
      }
    },
    async [Symbol.asyncDispose]() {
      for (const opened of clients) closeClient(opened)
      for (const node of others) await kill(node)
      await here.stop()
      await scratch.dispose()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** How many a member on this node sees from now on, once it sees the one on the other node. */
async function countsOf(town: Awaited<ReturnType<typeof openTown>>) {
  const ports = [new URL(town.here.url).port, ...town.others.map(({ port }) => port)].map(Number)
  const [first, second] = ports.map((port) => town.open(port).hall({ id: town.room.id }))
  if (first === undefined || second === undefined) throw assert.fail()
  await Promise.all([first.joined, second.joined])
  await town.until(() => first.count === 2 && second.count === 2)
  const counts = arrivals<number>()
  first.onMembers(() => counts.add(first.count))
  return counts
}

/** Beside the app, and past its log. */
async function connect(url: string): Promise<pg.Client> {
  const place = new URL(url)
  const schema = place.searchParams.get('schema')
  place.search = ''
  const connection = new pg.Client({ connectionString: place.href, options: `-c search_path=${schema}` })
  await connection.connect()
  return connection
}

async function hears(server: string, nodes: number, killsOne: boolean): Promise<void> {
  await using town = await openTown(server, nodes)
  const random = randomOf(20_260_101)
  const ports = nodes === 0 ? [Number(new URL(town.here.url).port)] : town.others.map(({ port }) => port)
  await using lines = await openSwitch(ports, random)
  const [speakers, each] = [5, 16]
  const members = Array.from({ length: speakers }, () => town.open(lines.port ?? 0).hall({ id: town.room.id }))
  const heard = members.map((member) => textsOf(member))
  await Promise.all(members.map(({ joined }) => joined))
  let count = 0
  members[0]?.onMessage(() => {
    count++
    if (count % 5 === 0) lines.cut()
    const [first] = town.others
    if (!killsOne || count !== 30 || first === undefined) return
    lines.close(first.port)
    void kill(first)
  })
  const texts = members.map((_, index) => Array.from({ length: each }, (_, number) => `${index}.${number}`))
  await Promise.all(members.map((member, index) => Promise.all((texts[index] ?? []).map((text) => member.send({ text })))))
  await Promise.all(heard.map((one) => one.count(speakers * each)))
  for (const one of heard) assert.deepEqual(one.seen, heard[0]?.seen)
  // none is lost, none is doubled, and none overtakes another of the same speaker
  const inOrder = texts.map((_, index) => heard[0]?.seen.filter((text) => text.startsWith(`${index}.`)))
  assert.deepEqual(inOrder, texts)
  assert.ok(count >= speakers * each)
}

test('SQLite: messages are heard once and in one order though lines are cut at random', async () => {
  await hears('sqlite:', 0, false)
})

for (const [kind, server] of servers) {
  const skip = server === undefined ? `no ${kind} to test with` : false

  test(`${kind}: two nodes hear the same in the same order though lines are cut at random and a node is killed`, {
    skip,
    // MongoDB keeps the transaction of a process that is gone for a minute, and everybody waiting
    timeout: 180_000,
  }, async () => {
    await hears(server ?? '', 2, true)
  })

  test(`${kind}: the members of a node that is killed are gone when its lease is over, and whom a rule refuses is put out everywhere`, {
    skip,
    timeout: 170_000,
  }, async () => {
    await using town = await openTown(server ?? '', 2)
    const ports = [new URL(town.here.url).port, ...town.others.map(({ port }) => port)].map(Number)
    const halls = ports.map((port) => town.open(port).hall({ id: town.room.id }, { onError: () => {} }))
    const [first, second, third] = halls
    if (first === undefined || second === undefined || third === undefined) throw assert.fail()
    await Promise.all(halls.map(({ joined }) => joined))
    await town.until(() => first.count === 3 && second.count === 3 && third.count === 3)
    const waves = arrivals<boolean>()
    third.onSignal(({ signal }) => waves.add(signal.wave))
    second.signal({ wave: true })
    assert.deepEqual(await waves.count(1), [true])

    const [dead] = town.others
    if (dead === undefined) throw assert.fail()
    await kill(dead)
    town.clock.advance(5_000)
    assert.equal(first.count, 3)
    // the lease of the other one too does not move in this time, and it is taken for gone until it is heard of
    for (let step = 0; step < 3; step++) {
      town.clock.advance(2_500)
      await town.here.live.settled()
    }
    await town.until(() => first.count === 2)
    // the node that saw it has removed the rows
    await town.until(() => third.count === 2)

    const ended = arrivals<string>()
    for (const hall of [first, third]) hall.onEnd((error: any) => ended.add(error?.code))
    await town.db.rooms.update(town.room.id, { open: false })
    assert.deepEqual(await ended.count(2), ['TAPRI_DENIED', 'TAPRI_DENIED'])
  })
}

for (const [kind, server] of servers) {
  test(`${kind}: the members of a node that was taken for gone are shown again when it is heard of`, {
    skip: server === undefined ? `no ${kind} to test with` : false,
  }, async () => {
    await using town = await openTown(server ?? '', 1)
    const counts = await countsOf(town)
    // the last that whoever takes it for gone removes: the node may have put back its members before
    await town.db.tapri_nodes.deleteWhere({ node: { not: '' } })
    await town.until(() => counts.seen.length > 1)
    assert.deepEqual(counts.seen, [1, 2])
  })
}

/** While it is open, the log of no node tells of what is committed after it: of none on the whole server, so it is one's own. */
async function openOlder(url: string) {
  const connection = await connect(url)
  await connection.query('begin')
  await connection.query('select pg_current_xact_id()')
  return { [Symbol.asyncDispose]: () => connection.end() }
}

test('while an older transaction keeps the log back, who is put out hears nothing any more, and who stays hears all', {
  skip: process.env.TEST_POSTGRES_URL === undefined ? 'no PostgreSQL to test with' : false,
}, async () => {
  await using server = await openServer('postgres')
  await using town = await openTown(server.url, 1)
  const ports = [new URL(town.here.url).port, ...town.others.map(({ port }) => port)].map(Number)
  const halls = ports.map((port) => town.open(port).hall({ id: town.room.id }, { onError: () => {} }))
  const heard = halls.map((each) => {
    const waves = arrivals<boolean>()
    each.onSignal(({ signal }) => waves.add(signal.wave))
    return waves
  })
  const ended = arrivals<string>()
  for (const each of halls) each.onEnd((error: any) => ended.add(error?.code))
  await Promise.all(halls.map(({ joined }) => joined))
  const say = (wave: boolean) => town.here.channel(hall, { id: town.room.id }).signal({ wave })
  await using _older = await openOlder(town.url)
  await town.db.rooms.update(town.room.id, { title: 'City' })
  await say(true)
  await town.until(() => heard.every(({ seen }) => seen.length === 1))
  await town.db.rooms.update(town.room.id, { open: false })
  await say(false)
  await town.until(() => ended.seen.length === 2)
  assert.deepEqual(ended.seen, ['TAPRI_DENIED', 'TAPRI_DENIED'])
  for (const { seen } of heard) assert.deepEqual(seen, [true])
})

test('a session that ends while an older transaction keeps the log back hears nothing that is said from then on', {
  skip: process.env.TEST_POSTGRES_URL === undefined ? 'no PostgreSQL to test with' : false,
}, async () => {
  await using server = await openServer('postgres')
  await using club = await testApp(app, { database: server.url })
  const { id } = await club.db.rooms.create({ title: 'Kites', open: true })
  const [ann, bob] = [await club.signUp('ann@club.test'), await club.signUp('bob@club.test')]
  const [hers, his] = [ann.chat({ id }), bob.chat({ id }, { onError: () => {} })]
  const waves = arrivals<unknown>()
  his.onSignal((signal) => waves.add(signal))
  const ended = arrivals<string>()
  his.onEnd((error: any) => ended.add(error?.code))
  await Promise.all([hers.joined, his.joined])
  await using _older = await openOlder(server.url)
  const tables: any = club.db
  const [user] = await club.db.users.find({ where: { email: 'bob@club.test' } })
  await tables.tapri_sessions.deleteWhere({ user: user?.id })
  hers.signal({ typing: true })
  while (ended.seen.length === 0) {
    await setTimeout(20)
    club.clock.advance(20)
  }
  assert.deepEqual([ended.seen, waves.seen], [['TAPRI_AUTH_SESSION'], []])
})

test('while an older transaction keeps the log back nobody is taken for gone', {
  skip: process.env.TEST_POSTGRES_URL === undefined ? 'no PostgreSQL to test with' : false,
}, async () => {
  await using server = await openServer('postgres')
  await using town = await openTown(server.url, 1)
  const counts = await countsOf(town)
  await using _older = await openOlder(town.url)
  const leases = async () => (await town.db.tapri_nodes.find()).map(({ expires }: any) => expires.getTime())
  const before = await leases()
  // that of the other node, whose clock is the machine's: the one of this node does not go on
  while ((await leases()).every((expires: number) => before.includes(expires))) await setTimeout(100)
  town.clock.advance(12_500)
  await town.here.live.settled()
  assert.equal(await town.here.channel(hall, { id: town.room.id }).count(), 2)
  assert.deepEqual(counts.seen, [])
})

test('what was said, and who came and went, while the log was lost is known to a channel when the log goes on', {
  skip: process.env.TEST_POSTGRES_URL === undefined ? 'no PostgreSQL to test with' : false,
}, async () => {
  await using town = await openTown(process.env.TEST_POSTGRES_URL ?? '', 0)
  const port = Number(new URL(town.here.url).port)
  const [one, other] = [town.open(port), town.open(port)].map((api) => api.hall({ id: town.room.id }))
  if (one === undefined || other === undefined) throw assert.fail()
  const heard = [one, other].map((each) => textsOf(each))
  await Promise.all([one.joined, other.joined])
  await one.send({ text: 'first' })
  await town.until(() => one.count === 2 && other.count === 2)
  const database = await connect(town.url)
  /** Nobody can tell any more what was committed so far. */
  const loseLog = async () => {
    await town.here.database.changes.settled()
    const position = town.here.database.changes.position() + 1
    await database.query("update tapri_meta set value = $1 where name = 'forgotten'", [String(position)])
    const [{ schema }] = (await database.query('select current_schema() as schema')).rows
    while (town.here.database.changes.position() < position) await database.query(`notify "tapri_${schema}"`)
  }
  try {
    const copy = (table: string, changed: Readonly<Record<string, string>>, columns: readonly string[]) =>
      database.query(
        `insert into ${table} (id, ${columns.join(', ')}) select 'unheard', ${columns.map((name) => changed[name] ?? name).join(', ')} from ${table} limit 1`,
      )
    await copy('tapri_messages', { number: 'number + 1', key: "'unheard'", body: "replace(body, 'first', 'unheard')" }, [
      ...['channel', 'number', 'sender', 'key', 'at', 'body'],
    ])
    await database.query('update tapri_channels set last = last + 1')
    await copy('tapri_nodes', { node: "'elsewhere'" }, ['node', 'expires'])
    await copy('tapri_members', { node: "'elsewhere'", member: "'somebody'" }, ['channel', 'node', 'member', 'facts'])
    await database.query('delete from tapri_members where member = (select min(member) from tapri_members where node <> $1)', [
      'elsewhere',
    ])
    await loseLog()
    for (const texts of heard) assert.deepEqual(await texts.count(2), ['first', 'unheard'])
    // who was taken away, though it is there, is shown again
    await town.until(() => one.count === 3 && other.count === 3)
    await town.until(() => one.members().some(({ id }) => id === 'somebody'))

    await database.query("delete from tapri_members where node = 'elsewhere'")
    await loseLog()
    await town.until(() => one.count === 2 && other.count === 2)
    await one.send({ text: 'last' })
    for (const texts of heard) assert.deepEqual((await texts.count(3)).at(-1), 'last')
  } finally {
    await database.end()
  }
})
