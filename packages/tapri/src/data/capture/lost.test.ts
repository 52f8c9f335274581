import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { listen } from './listen.fixture.ts'
import { heard, type Kind, kinds, type Other, type Place } from './outside.fixture.ts'

const isServer = ({ kind }: Kind) => kind !== 'SQLite'
const makePerson = (id: string) => `insert into people (id, name) values ('${id}', 'Ann')`

function claim(
  text: string,
  check: (place: Place, kind: Kind) => Promise<void>,
  isFor: (kind: Kind) => boolean = () => true,
): void {
  for (const kind of kinds.filter(isFor))
    test(`${kind.kind}: ${text}`, { skip: kind.skip }, () => kind.with((place) => check(place, kind)))
}

/** A process of the app, once it has told of a row of another program. */
async function holder(place: Place, other: Other, id: string): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('holder.fixture.ts', import.meta.url)), [place.url])
  const isHeard = new Promise<void>((resolve) => {
    child.on('message', (ids: readonly string[]) => ids.includes(id) && resolve())
  })
  await once(child, 'message')
  await other.run(makePerson(id))
  await isHeard
  return child
}

claim('a process that is killed at work loses and repeats nothing', async (place) => {
  const { database: first } = await heard(place)
  await first.close()
  const other = await place.other()
  const writer = await place.other()
  const expected: string[] = []
  for (let round = 0; round < 3; round++) {
    const child = await holder(place, other, `begin ${round}`)
    expected.push(`begin ${round}`)
    const gone = once(child, 'exit')
    for (let at = 0; at < 30; at++) {
      expected.push(`${round} ${at}`)
      await writer.run(makePerson(`${round} ${at}`))
      // in the middle of writing to the log, at another point each time
      if (at === 10 + round * 3) child.kill('SIGKILL')
    }
    await gone
  }
  const database = await place.open()
  const told = listen(database)
  await other.run(makePerson('end'))
  await told.until(({ id }) => id === 'end')
  const all = (await database.changes.since(0, 1000))
    .flatMap((commit) => commit.changes.map(({ id }) => id))
    .filter((id) => id !== '')
  assert.deepEqual(all, [...expected, 'end'])
})

claim(
  'when the server cuts the connections, nothing is lost',
  async (place, { kind }) => {
    const { told } = await heard(place)
    const other = await place.other()
    await other.run(makePerson('one'))
    await told.until(({ id }) => id === 'one')
    await cutAll(other, kind)
    await other.run(makePerson('two'))
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
  async (place, { kind }) => {
    const { database, told } = await heard(place)
    const other = await place.other()
    await other.run(makePerson('one'))
    await told.until(({ id }) => id === 'one')
    await database.close()
    await other.run(makePerson('unheard'))
    await throwAway(other, kind)
    const again = await place.open()
    const toldAgain = listen(again)
    await toldAgain.until(({ id }) => id === '')
    await other.run(makePerson('two'))
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

claim('without it in the URL nothing is told, and nothing of it stays', async (place, { kind }) => {
  const { database } = await heard(place)
  await database.close()
  const without = await place.open({ capture: false })
  const told = listen(without)
  const other = await place.other()
  await other.run(makePerson('one'))
  const { id } = await without.systemDb<Record<'people', never>>().people.create(Object({ name: 'Bo' }))
  await told.until((change) => change.id === id)
  assert.equal(told.changes().length, 1)
  assert.deepEqual(await leftOf(other, kind), [])
})

claim(
  'a table that is emptied at once may have changed anyhow',
  async (place, { kind }) => {
    const { told } = await heard(place)
    const other = await place.other()
    await other.run(makePerson('one'))
    await told.until(({ id }) => id === 'one')
    if (kind !== 'PostgreSQL') await other.run('set foreign_key_checks = 0')
    await other.run('truncate table things')
    await told.until(({ id }) => id === '')
    assert.ok(told.changes().some(({ id, model }) => id === '' && model === 'things'))
  },
  isServer,
)

async function cutAll(other: Other, kind: string): Promise<void> {
  if (kind === 'PostgreSQL') {
    const own =
      'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()'
    await other.run(
      `${own} and (backend_type = 'walsender' or query ilike '%' || current_schema() || '%' or application_name = current_schema())`,
    )
    return
  }
  for (const [id] of await other.rows(
    'select id from information_schema.processlist where db = database() and id <> connection_id()',
  )) {
    // it may have ended by itself, with the one before it
    await other.run(`kill ${id}`).catch(() => {})
  }
}

async function throwAway(other: Other, kind: string): Promise<void> {
  if (kind === 'PostgreSQL') {
    await other.run(
      'select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name in (select pubname from pg_publication_tables where schemaname = current_schema())',
    )
    return
  }
  const names = async () => (await other.rows('show binary logs')).map(([name]) => name)
  const last = (await names()).at(-1)
  // MariaDB keeps a file for as long as it may need it after a crash
  while ((await names()).includes(last)) {
    await other.run('flush binary logs')
    await other.run(`purge binary logs to '${(await names()).at(-1)}'`)
  }
}

async function leftOf(other: Other, kind: string): Promise<readonly unknown[]> {
  if (kind === 'SQLite') return other.rows("select name from sqlite_schema where name like 'tapri_out%' or name = 'tapri_own'")
  if (kind !== 'PostgreSQL') return other.rows("select value from tapri_meta where name = 'captured'")
  const thick = "select relname from pg_class where relnamespace = current_schema()::regnamespace and relreplident = 'f'"
  const published = 'select pubname from pg_publication_tables where schemaname = current_schema()'
  const place = "sha256(convert_to(concat_ws(' ', current_database(), current_schema()), 'UTF8'))"
  const slots = `select slot_name from pg_replication_slots where slot_name = 'tapri_' || left(encode(${place}, 'hex'), 32)`
  return other.rows(`${thick} union all ${published} union all ${slots}`)
}
