import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDatabase } from '../../data/index.ts'
import { type ChannelDb, channelDb, channelModels } from './models.ts'
import { Placard } from './placard.ts'

const place = { channel: 'hall', node: 'here', member: 'ann' }
type Members = ChannelDb['tapri_members']

/** The table of members, some of whose writes are `other` than they are. */
async function openPlacard(other: (members: Members) => Partial<Members>) {
  const database = await openDatabase({
    models: {},
    policies: [],
    url: 'sqlite::memory:',
    migrate: 'auto',
    internal: channelModels,
  })
  const db = channelDb(database.asSystem)
  const members = db.tapri_members
  const others = other(members)
  const seen: Members = new Proxy(members, {
    get: (table, name) => Reflect.get(others, name) ?? Reflect.get(table, name).bind(table),
  })
  return {
    placard: new Placard(place, { ...db, tapri_members: seen }),
    members,
    facts: async () => (await members.find()).map(({ facts }) => facts),
    [Symbol.asyncDispose]: () => database.close(),
  }
}

/** Done, and the answer is lost: once. */
function unanswered<Args extends unknown[], T>(write: (...args: Args) => Promise<T>): (...args: Args) => Promise<T> {
  let isLost = true
  return async (...args) => {
    const answer = await write(...args)
    if (!isLost) return answer
    isLost = false
    throw new Error('The answer is lost')
  }
}

test('a member whose making was not answered, and who has left, is taken away', async () => {
  await using town = await openPlacard((members) => ({ create: unanswered((row: any) => members.create(row)) }))
  const holder = {}
  town.placard.hold(holder, '1')
  await assert.rejects(town.placard.settle(), /lost/)
  town.placard.letGo(holder)
  assert.equal(town.placard.isDone, false)
  await town.placard.settle()
  assert.deepEqual([await town.facts(), town.placard.isDone], [[], true])
})

test('facts whose change was not answered are changed again, back too', async () => {
  await using town = await openPlacard((members) => ({
    updateWhere: unanswered((where: any, changes: any) => members.updateWhere(where, changes)),
  }))
  const holder = {}
  town.placard.hold(holder, '1')
  await town.placard.settle()
  town.placard.hold(holder, '2')
  await assert.rejects(town.placard.settle(), /lost/)
  town.placard.hold(holder, '1')
  await town.placard.settle()
  assert.deepEqual([await town.facts(), town.placard.isSettled], [['1'], true])
})

for (const facts of ['1', '2']) {
  test(`a row that is removed before its ${facts === '1' ? 'making' : 'changing'} has answered is put back`, async () => {
    let removal = async (_id: string) => {}
    const removed = async (id: string) => {
      const remove = removal
      removal = async () => {}
      await remove(id)
    }
    await using town = await openPlacard((members) => ({
      create: async (row: any) => {
        const made = await members.create(row)
        await removed(made.id)
        return made
      },
      updateWhere: async (where: any, changes: any) => {
        const count = await members.updateWhere(where, changes)
        await removed(where.id)
        return count
      },
    }))
    const remove = async (id: string) => {
      await town.members.deleteWhere({ id: id as any })
      town.placard.lost(id)
    }
    const holder = {}
    if (facts === '1') removal = remove
    town.placard.hold(holder, '1')
    await town.placard.settle()
    removal = remove
    town.placard.hold(holder, facts)
    await town.placard.settle()
    assert.deepEqual(await town.facts(), [facts])
  })
}
