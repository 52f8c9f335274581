import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killAtWork } from './kill.fixture.ts'
import { listen } from './listen.fixture.ts'
import { heard, type Kind, kinds, type Place } from './outside.fixture.ts'

const isServer = ({ kind }: Kind) => kind !== 'SQLite'
const makePerson = (make: string) => ({ make })

function claim(
  text: string,
  check: (place: Place, kind: Kind) => Promise<void>,
  isFor: (kind: Kind) => boolean = () => true,
): void {
  for (const kind of kinds.filter(isFor))
    test(`${kind.kind}: ${text}`, { skip: kind.skip }, () => kind.with((place) => check(place, kind)))
}

// a MongoDB keeps what a killed process has left for a minute: test/mongodb-capture.test.ts brings one that does not
claim('a process that is killed at work loses and repeats nothing', killAtWork, ({ kind }) => kind !== 'MongoDB')

claim(
  'when the server cuts the connections, nothing is lost',
  async (place) => {
    const { told } = await heard(place)
    const other = await place.other()
    await other.write(makePerson('one'))
    await told.until(({ id }) => id === 'one')
    await place.setting.cut(place.url)
    // the other program's may be cut, too
    const again = await place.other()
    await again.write(makePerson('two'))
    await told.until(({ id }) => id === 'two')
    assert.deepEqual(
      told.changes().map(({ id }) => id),
      ['one', 'two'],
    )
  },
  isServer,
)

claim(
  'when the server has thrown its log away, anything may have changed',
  async (place) => {
    const { database, told } = await heard(place)
    const other = await place.other()
    await other.write(makePerson('one'))
    await told.until(({ id }) => id === 'one')
    await database.close()
    await other.write(makePerson('unheard'))
    await place.setting.throwAway(place.url)
    const again = await place.open()
    const toldAgain = listen(again)
    await toldAgain.until(({ id }) => id === '')
    await other.write(makePerson('two'))
    await toldAgain.until(({ id }) => id === 'two')
    assert.deepEqual(
      toldAgain
        .changes()
        .filter(({ id }) => id === '')
        .map(({ model }) => model)
        .sort(),
      ['people', 'things'],
    )
    assert.ok(!toldAgain.changes().some(({ id }) => id === 'unheard'))
  },
  isServer,
)

claim('without it in the URL nothing is told, and nothing of it stays', async (place) => {
  const { database } = await heard(place)
  await database.close()
  const without = await place.open({ capture: false })
  const told = listen(without)
  const other = await place.other()
  await other.write(makePerson('one'))
  const { id } = await without.systemDb<Record<'people', never>>().people.create(Object({ name: 'Bo' }))
  await told.until((change) => change.id === id)
  assert.equal(told.changes().length, 1)
  assert.deepEqual(await place.setting.left(place.url), [])
})

claim(
  'a table that is emptied at once may have changed anyhow',
  async (place) => {
    const { told } = await heard(place)
    const other = await place.other()
    await other.write(makePerson('one'))
    await told.until(({ id }) => id === 'one')
    await place.setting.empty(place.url, 'things')
    await told.until(({ id }) => id === '')
    assert.ok(told.changes().some(({ id, model }) => id === '' && model === 'things'))
  },
  isServer,
)

claim(
  'a value that no model allows may have changed anyhow, and nothing waits behind it',
  async (place) => {
    const { database, told } = await heard(place)
    const thing = {
      title: 'a',
      count: 1,
      ratio: 1,
      fresh: true,
      moment: new Date(0),
      labels: [],
      moments: [],
      facts: {},
      price: '1',
    }
    await database.systemDb<Record<'things', never>>().things.create(Object(thing))
    const other = await place.other()
    await other.write({ change: 'things', where: { count: 1 }, set: { facts: place.setting.unreadable } })
    await told.until(({ id }) => id === '')
    await other.write(makePerson('later'))
    await told.until(({ id }) => id === 'later')
    const lost = told.changes().filter(({ id }) => id === '')
    assert.deepEqual(new Set(lost.map(({ model }) => model)), new Set(['things']))
  },
  ({ kind }) => kind !== 'PostgreSQL',
)
