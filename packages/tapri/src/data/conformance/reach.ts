import assert from 'node:assert/strict'
import { type Market, type MarketClaims, namesOf } from './market.ts'

/** A dish that is open, one of Ann's that is not, notes on both, and a rare spice in them. */
async function menu({ system, ann, bob }: Market) {
  const [hot, rare] = await system.spices.createMany([{ name: 'hot' }, { name: 'saffron', rare: true }])
  assert.ok(hot && rare)
  const spices = { add: [hot.id, rare.id] }
  const open = await system.dishes.create({ name: 'tea', about: 'open', sold: 1, secret: 'x', cook: ann.id, spices })
  const hidden = await system.dishes.create({ name: 'tea', about: 'hidden', sold: 100, open: false, cook: ann.id, spices })
  for (const dish of [open, hidden]) await system.notes.create({ text: 'note', dish: dish.id, author: bob.id })
  return { hot, rare, open, hidden }
}

/** Policies hold for every way of asking and of writing. */
export const reachClaims: MarketClaims = {
  'search, figures, groups and pages know the open rows alone': async (market) => {
    const { open } = await menu(market)
    const { dishes } = market.as(market.bob)
    assert.deepEqual(
      (await dishes.find({ search: 'tea' })).map(({ id }) => id),
      [open.id],
    )
    assert.equal(await dishes.count({ search: 'hidden' }), 0)
    assert.deepEqual([await dishes.sum('sold'), await dishes.max('sold'), await dishes.avg('sold')], [1, 1, 1])
    assert.deepEqual(await dishes.groupBy({ by: ['name'], count: true, sum: ['sold'] }), [
      { name: 'tea', count: 1, sum: { sold: 1 } },
    ])
    const { rows, next } = await dishes.page({ orderBy: '-sold', limit: 1 })
    assert.deepEqual([rows.map(({ id }) => id), next], [[open.id], null])
    assert.equal(await market.as(market.ann).dishes.sum('sold'), 101)
  },

  'hidden rows are neither some nor an exception to every': async (market) => {
    const { hidden } = await menu(market)
    const { users, spices } = market.as(market.bob)
    const ask = async (dishes: any) => namesOf(await users.find({ where: { dishes }, orderBy: 'name' }))
    assert.deepEqual(await ask({ some: { sold: 100 } }), [])
    assert.deepEqual(await ask({ every: { sold: 1 } }), ['ann', 'bob'])
    assert.deepEqual(await ask({ none: { id: hidden.id } }), ['ann', 'bob'])
    assert.deepEqual(await ask({ some: { spices: { some: { name: 'saffron' } } } }), [])
    assert.deepEqual(await ask({ some: { spices: { some: { name: 'hot' } } } }), ['ann'])
    assert.deepEqual(namesOf(await spices.find({ where: { dishes: { some: { sold: 100 } } } })), [])
  },

  'with loads open rows alone; a hidden row takes along what requires it': async (market) => {
    const { open } = await menu(market)
    const db = market.as(market.bob)
    const [ann] = await db.users.find({ where: { name: 'ann' }, with: { dishes: { with: { spices: true, notes: true } } } })
    assert.deepEqual(
      ann?.dishes.map(({ id, spices, notes }) => [id, namesOf(spices), notes.length]),
      [[open.id, ['hot'], 1]],
    )
    assert.equal((await db.notes.find({ with: { dish: true } })).length, 1)
    assert.equal((await market.system.notes.find({ with: { dish: true } })).length, 2)
  },

  'private fields are in no answer, filter, order or figure of a caller': async (market) => {
    await menu(market)
    const dishes: any = market.as(market.ann).dishes
    assert.equal('secret' in (await dishes.first()), false)
    const questions = [
      { where: { secret: 'x' } },
      { orderBy: 'secret' },
      { select: { secret: true } },
      { where: { variants: { some: { secret: 'x' } } } },
    ]
    for (const question of questions) await assert.rejects(dishes.find(question), { code: 'TAPRI_DATA_QUERY' })
    await assert.rejects(dishes.max('secret'), { code: 'TAPRI_DATA_QUERY' })
    await assert.rejects(dishes.groupBy({ by: ['secret'], count: true }), { code: 'TAPRI_DATA_QUERY' })
  },

  'updateWhere and deleteWhere reach what the caller may change, and all or nothing of it': async (market) => {
    await menu(market)
    const { ann, bob, system } = market
    await system.dishes.create({ name: 'rice', cook: bob.id })
    assert.equal(await market.as(bob).dishes.updateWhere({}, { sold: 7 }), 1)
    assert.equal(await market.as(ann).dishes.updateWhere({ name: 'tea' }, { sold: 8 }), 2)
    await assert.rejects(market.as(ann).dishes.updateWhere({}, { cook: bob.id }), { code: 'TAPRI_DENIED' })
    assert.equal(await system.dishes.count({ where: { cook: ann.id, sold: 8 } }), 2)
    assert.equal(await market.as(null).dishes.deleteWhere({}), 0)
    assert.equal(await market.as(bob).dishes.deleteWhere({}), 1)
    assert.equal(await system.dishes.count(), 2)
  },

  'links are made to rows that may be read; hidden pairs stay as they are': async (market) => {
    const { open, rare, hot } = await menu(market)
    const { dishes } = market.as(market.ann)
    await assert.rejects(dishes.update(open.id, { spices: { add: [rare.id] } }), { code: 'TAPRI_DATA_NO_SUCH_ROW' })
    await dishes.update(open.id, { spices: { set: [] } })
    assert.deepEqual(namesOf((await market.system.dishes.get(open.id, { with: { spices: true } })).spices), ['saffron'])
    await assert.rejects(market.as(market.bob).dishes.update(open.id, { spices: { add: [hot.id] } }), { code: 'TAPRI_DENIED' })
  },

  'pairs of a model of their own obey its policy': async (market) => {
    const { ann, bob } = market
    await market.as(ann).users.update(ann.id, { stars: { add: [bob.id] } })
    await assert.rejects(market.as(bob).users.update(bob.id, { fans: { set: [] } }), { code: 'TAPRI_DENIED' })
    await assert.rejects(market.as(bob).follows.create({ fan: ann.id, star: ann.id }), { code: 'TAPRI_DENIED' })
    assert.equal(await market.system.follows.count(), 1)
  },

  'an upsert of a row that the caller may not read says what making it says': async (market) => {
    const { ann, bob, system } = market
    await system.spices.create({ name: 'saffron', rare: true })
    const { spices } = market.as(ann)
    const taken = { code: 'TAPRI_DATA_NOT_UNIQUE', status: 409, facts: { model: 'spices', fields: ['name'] } }
    await assert.rejects(spices.upsert({ name: 'saffron' }, { on: ['name'] }), taken)
    for (const name of ['saffron', 'vanilla']) {
      await assert.rejects(spices.upsert({ name, rare: true }, { on: ['name'] }), { code: 'TAPRI_DENIED' })
      await assert.rejects(market.as(null).spices.upsert({ name }, { on: ['name'] }), { code: 'TAPRI_DENIED' })
    }
    const named = market.as(bob).users.upsert({ name: 'ann' }, { on: ['name'], update: { name: 'bob 2' } })
    await assert.rejects(named, { code: 'TAPRI_DENIED' })
    assert.deepEqual(namesOf(await system.users.find({ orderBy: 'name' })), ['ann', 'bob'])
  },

  'notes that are only marked are deleted and restored by who may delete them': async (market) => {
    const { open } = await menu(market)
    const { bob, ann, system } = market
    const note = await system.notes.first({ where: { dish: open.id } })
    assert.ok(note)
    await assert.rejects(market.as(ann).notes.delete(note.id), { code: 'TAPRI_DENIED' })
    await market.as(bob).notes.delete(note.id)
    await assert.rejects(market.as(bob).notes.get(note.id), { code: 'TAPRI_NOT_FOUND' })
    await assert.rejects(market.as(ann).notes.restore(note.id), { code: 'TAPRI_DENIED' })
    await market.as(bob).notes.restore(note.id)
    assert.equal(await market.as(ann).notes.count(), 1)
  },
}
