import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDatabase } from '../../data/index.ts'
import { type ManualClock, manualClock } from '../../kit/clock.ts'
import { silentLog } from '../../observe/index.ts'
import { Work } from '../work.ts'
import { type ChannelDb, channelDb, channelModels } from './models.ts'
import { Nodes } from './nodes.ts'

const start = Date.UTC(2026, 0, 1)

interface Neighbour {
  readonly nodes: Nodes
  readonly clock: ManualClock
  readonly dead: string[]
  /** Its clock goes on, and what that begins ends. */
  pass(milliseconds: number): Promise<void>
}

/** Nodes on one database, which hear nothing of each other by a log. */
async function openTown() {
  const options = { models: {}, policies: [], url: 'sqlite::memory:', migrate: 'auto', internal: channelModels } as const
  const database = await openDatabase(options)
  const db = channelDb(database.asSystem)
  let isAway = false
  const asked: ChannelDb = new Proxy(db, {
    get(tables, name) {
      if (isAway) throw new Error('The database is away')
      return Reflect.get(tables, name)
    },
  })
  const open = (now: number): Neighbour => {
    const [clock, work, dead] = [manualClock(now), new Work(), [] as string[]]
    const begin = (task: () => Promise<void>) => void work.track(task)
    const nodes = new Nodes({ clock, log: silentLog, begin, onDead: (node) => dead.push(node), onReturn() {} }, asked)
    const pass = async (milliseconds: number) => {
      for (let left = milliseconds; left > 0; left -= 2_500) {
        clock.advance(Math.min(left, 2_500))
        await work.idle()
      }
    }
    return { nodes, clock, dead, pass }
  }
  const one = open(start)
  // clocks need not agree
  const other = open(start + 3_000)
  for (const { nodes } of [one, other]) await nodes.lease.take()
  await one.nodes.acquaint(new Set([other.nodes.own]), db)
  await db.tapri_members.create({ channel: 'hall', node: other.nodes.own, member: 'ann', facts: '{}' })
  return {
    one,
    other,
    db,
    away(is: boolean) {
      isAway = is
    },
    async [Symbol.asyncDispose]() {
      isAway = false
      for (const { nodes } of [one, other]) await nodes.stop()
      await database.close()
    },
  }
}

test('a node that renews its lease lives, though for long nothing is heard of it', async () => {
  await using town = await openTown()
  const { one, other } = town
  for (let time = 0; time < 60_000; time += 2_500) {
    await other.pass(2_500)
    await one.pass(2_500)
  }
  assert.deepEqual([one.dead, one.nodes.lives(other.nodes.own)], [[], true])
})

test('a node that was frozen takes nobody for dead when it goes on', async () => {
  await using town = await openTown()
  const { one, other } = town
  await other.pass(14_000)
  one.clock.advance(14_000)
  await one.pass(2_500)
  assert.deepEqual([one.dead, await town.db.tapri_members.count()], [[], 1])
})

test('a node that renews its lease no more is dead when the time of a lease is over, and what it left is removed', async () => {
  await using town = await openTown()
  const { one, other } = town
  await one.pass(7_500)
  assert.deepEqual(one.dead, [])
  await one.pass(5_000)
  assert.deepEqual([one.dead, one.nodes.lives(other.nodes.own)], [[other.nodes.own], false])
  assert.deepEqual([await town.db.tapri_members.count(), await town.db.tapri_nodes.count()], [0, 1])
})

test('nobody is dead because the database was away: everybody has the time of a lease when it is back', async () => {
  await using town = await openTown()
  const { one, other } = town
  town.away(true)
  await one.pass(60_000)
  await other.pass(60_000)
  town.away(false)
  await one.pass(7_500)
  assert.deepEqual(one.dead, [])
  await other.pass(2_500)
  await one.pass(10_000)
  assert.deepEqual(one.dead, [])
  await one.pass(12_500)
  assert.deepEqual(one.dead, [other.nodes.own])
})

test('a node whose lease others removed takes it again at once', async () => {
  await using town = await openTown()
  const { one } = town
  await town.db.tapri_nodes.deleteWhere({ node: one.nodes.own })
  one.nodes.onLease(one.nodes.own, undefined)
  await one.pass(1)
  assert.equal(await town.db.tapri_nodes.count({ where: { node: one.nodes.own } }), 1)
})

test('members whose node has no lease are swept, those of others are not', async () => {
  await using town = await openTown()
  const { one } = town
  for (const node of [one.nodes.own, 'nowhere'])
    await town.db.tapri_members.create({ channel: 'hall', node, member: 'bob', facts: '{}' })
  await one.nodes.sweep()
  const left = await town.db.tapri_members.find()
  assert.deepEqual(left.map(({ member }) => member).sort(), ['ann', 'bob'])
  assert.ok(left.every(({ node }) => node !== 'nowhere'))
})
