import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Change, Database } from '../index.ts'
import { listen } from './listen.fixture.ts'
import type { Models } from './models.fixture.ts'
import { heard, type Kind, kinds, type Place } from './outside.fixture.ts'

function claim(text: string, check: (place: Place, kind: Kind) => Promise<void>): void {
  for (const kind of kinds) test(`${kind.kind}: ${text}`, { skip: kind.skip }, () => kind.with((place) => check(place, kind)))
}

function thing(title: string, more = {}) {
  return {
    title,
    count: 7,
    ratio: 0.1 + 0.2,
    fresh: true,
    moment: new Date('2026-11-21T09:30:00.123Z'),
    labels: ['tea', 'ka"ffee', "o'clock", '☕'],
    moments: [new Date('1969-07-20T20:17:40.001Z')],
    facts: { b: [1, 2.5, null, { deep: 'yes' }], a: '~t' },
    price: '12.34',
    ...more,
  }
}

const things = (database: Database) => database.systemDb<Models>().things
const copy = (as: string, of: string) => ({ copy: of, as })

claim('what another program writes is told as if the app had written it', async (place) => {
  const { database, told } = await heard(place)
  const other = await place.other()
  const { id: person } = await database.systemDb<Models>().people.create({ name: 'Ann' })
  const { id } = await things(database).create(thing('tea', { owner: person, story: null }))
  // its commit may be told after it is answered
  await told.until((change) => change.id === id)
  const own = told.changes().find((change) => change.id === id)?.after
  assert.ok(own)

  const set = { title: 'cup\'s "☕" \\', fresh: false, ratio: 1e300 }
  await other.write(copy('one', id))
  await told.until((change) => change.id === 'one')
  await other.write({ change: 'things', where: { id: 'one' }, set })
  await told.until((change) => change.id === 'one' && change.before !== null)
  await other.write({ remove: 'things', where: { id: 'one' } })
  await told.until((change) => change.after === null)

  assert.ok((await things(database).find({})).every((row) => String(row.id) !== 'one'))
  const made = { ...own, id: 'one' }
  const changed = { ...made, ...set }
  assert.deepEqual(
    told.changes().filter((change) => change.id === 'one'),
    [
      { model: 'things', id: 'one', before: null, after: made },
      { model: 'things', id: 'one', before: made, after: changed },
      { model: 'things', id: 'one', before: changed, after: null },
    ] satisfies Change[],
  )
})

claim('a large text that was not changed is in both images', async (place) => {
  const { database, told } = await heard(place)
  const other = await place.other()
  // what does not compress is stored apart
  const story = Array.from({ length: 40_000 }, (_, at) => ((at * 2_654_435_761) >>> 0).toString(36)).join('')
  const { id } = await things(database).create(thing('tea', { story }))
  await other.write({ change: 'things', where: { id }, set: { count: 8 } })
  await told.until((change) => change.id === id && change.before !== null)
  const change = told.changes().at(-1)
  assert.deepEqual([change?.before?.count, change?.after?.count], [7, 8])
  assert.equal(change?.before?.story, story)
  assert.equal(change?.after?.story, story)
})

claim('a transaction is told whole, one that was undone not at all', async (place) => {
  const { database, told } = await heard(place)
  const other = await place.other()
  const { id } = await things(database).create(thing('tea'))
  await other.undo(copy('gone', id), { change: 'things', where: { id: 'gone' }, set: { count: 9 } })
  await other.write(copy('one', id), copy('two', id), { remove: 'things', where: { id } })
  await told.until((change) => change.id === id && change.after === null)
  assert.deepEqual(
    told.commits.at(-1)?.changes.map((change) => [change.id, change.before === null, change.after === null]),
    [
      ['one', true, false],
      ['two', true, false],
      [id, false, true],
    ],
  )
  assert.ok(!told.changes().some((change) => change.id === 'gone'))
})

claim('writes of both at once are told once each, and lead to what the tables hold', async (place) => {
  const { database, told } = await heard(place)
  const other = await place.other()
  const { id } = await things(database).create(thing('tea'))
  const shared = await Promise.all(Array.from({ length: 5 }, (_, at) => things(database).create(thing(`shared ${at}`))))
  const own = Array.from({ length: 60 }, async (_, at) => {
    await things(database).create(thing(`own ${at}`))
    const row = shared[at % shared.length]
    if (row !== undefined) await things(database).update(row.id, { count: at })
  })
  const theirs = async () => {
    for (let at = 0; at < 60; at++) {
      const where = { id: shared[at % shared.length]?.id }
      await other.write(copy(`out ${at}`, id), { change: 'things', where, add: { count: 1000 } })
    }
    await other.write(copy('last', id))
  }
  await Promise.all([...own, theirs()])
  await told.until((change) => change.id === 'last')
  await things(database).create(thing('the end'))
  // its commit, and those before it, may be told after it is answered
  await told.until(({ after }) => after?.title === 'the end')

  const made = told.changes().filter((change) => change.before === null)
  assert.equal(new Set(made.map((change) => change.id)).size, made.length, 'none is told twice')
  assert.equal(made.length, 1 + 5 + 60 + 60 + 1 + 1)
  const replayed = new Map<string, unknown>()
  for (const { id: row, after } of told.changes()) replayed.set(row, after)
  for (const row of await things(database).find({ limit: 500 })) {
    const { owner: _, ...plain } = row
    assert.equal(row.count, Object(replayed.get(row.id)).count, plain.title)
  }
})

claim('what was written while the app was down is told when it is up again, once', async (place) => {
  const first = await heard(place)
  const { id } = await things(first.database).create(thing('tea'))
  await first.database.close()
  const other = await place.other()
  for (let at = 0; at < 5; at++) await other.write(copy(`down ${at}`, id))

  const position = first.told.commits.at(-1)?.position ?? 0
  const again = await place.open()
  const told = listen(again)
  await other.write(copy('up', id))
  await told.until((change) => change.id === 'up')
  const ids = (await again.changes.since(position, 100)).flatMap((commit) => commit.changes.map((change) => change.id))
  assert.deepEqual(ids, ['down 0', 'down 1', 'down 2', 'down 3', 'down 4', 'up'])
})

claim('of several processes one tells, and the next when that ends', async (place) => {
  const { database, told } = await heard(place)
  const second = await place.open()
  const other = await place.other()
  const { id } = await things(database).create(thing('tea'))
  await other.write(copy('one', id))
  await told.until((change) => change.id === 'one')
  await database.close()
  const heardBySecond = listen(second)
  await other.write(copy('two', id))
  await heardBySecond.until((change) => change.id === 'two')
  const made = (await second.changes.since(0, 100))
    .flatMap((commit) => commit.changes)
    .filter(({ id }) => id === 'one' || id === 'two')
  assert.deepEqual(
    made.map((change) => change.id),
    ['one', 'two'],
  )
})

claim('rows of others are found by search', async (place) => {
  const { database, told } = await heard(place)
  const other = await place.other()
  const { id } = await things(database).create(thing('tea'))
  await other.write(copy('one', id))
  await told.until((change) => change.id === 'one')
  await other.write({ change: 'things', where: { id: 'one' }, set: { title: 'Darjeeling' } })
  await told.until((change) => change.after?.title === 'Darjeeling')
  assert.deepEqual(
    (await things(database).find({ search: 'darjee' })).map((row) => String(row.id)),
    ['one'],
  )
  assert.deepEqual(
    (await things(database).find({ search: 'tea' })).map((row) => row.id),
    [id],
  )
})

claim('of very many rows it is told which models they are of', async (place) => {
  const { database, told } = await heard(place)
  const other = await place.other()
  await other.write({ make: '1' })
  await told.until((change) => change.id === '1')
  await other.write(...Array.from({ length: 14 }, (_, double) => ({ double })))
  await told.until((change) => change.id === '')
  assert.deepEqual(told.changes().at(-1), { model: 'people', id: '', before: null, after: null })
  assert.equal(await database.systemDb<Models>().people.count(), 2 ** 14)
})
