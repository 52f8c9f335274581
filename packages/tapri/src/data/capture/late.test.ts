import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { listen } from './listen.fixture.ts'
import { heard, kinds, type Place } from './outside.fixture.ts'
import { connect, type SqlOther } from './outside-sql.fixture.ts'

/** How a server is made to tell of a commit long before its rows can be read: it waits for a copy that is not there. */
interface Lateness {
  readonly begin: readonly string[]
  readonly end: readonly string[]
  /** A transaction that waits once the whole server knows of it, and what the other program asks for to be one of those. */
  readonly probe?: { readonly statement: string; readonly own: string }
  /** Finds the commits that wait. */
  readonly waiting: string
}

const plugin = "select 1 from information_schema.plugins where plugin_name = 'rpl_semi_sync_source'"
const semiSync = (role: string): Lateness => ({
  begin: [`set global rpl_semi_sync_${role}_timeout = 60000`, `set global rpl_semi_sync_${role}_enabled = 1`],
  end: [`set global rpl_semi_sync_${role}_enabled = 0`],
  waiting: "select 1 from information_schema.processlist where state like 'Waiting for semi-sync ACK%' and db = database()",
})
const lateness: Readonly<Record<string, Lateness>> = {
  PostgreSQL: {
    begin: ["alter system set synchronous_standby_names = 'nobody'", 'select pg_reload_conf()'],
    end: ['alter system reset synchronous_standby_names', 'select pg_reload_conf()'],
    probe: { statement: "select pg_logical_emit_message(true, 'late', 'late')", own: 'set synchronous_commit = on' },
    waiting: "select 1 from pg_stat_activity where wait_event = 'SyncRep' and datname = current_database()",
  },
  MySQL: semiSync('source'),
  MariaDB: {
    ...semiSync('master'),
    begin: ["set global rpl_semi_sync_master_wait_point = 'AFTER_SYNC'", ...semiSync('master').begin],
  },
}

for (const { kind, skip, with: inPlace } of kinds) {
  const late = lateness[kind]
  if (late === undefined) continue
  test(`${kind}: what the log tells of before it can be read is told when it can`, { skip }, () =>
    inPlace(async (place) => {
      const { told } = await heard(place)
      const other = place.kept(await connect(place.url))
      await other.run("insert into people (id, name) values ('0', 'Ann')")
      await told.until(({ id }) => id === '0')
      await lately(place, { kind, late, other }, async () => {
        assert.deepEqual(
          told.changes().map(({ id }) => id),
          ['0'],
        )
      })
      await other.write({ make: '2' })
      await told.until(({ id }) => id === '2')
      assert.deepEqual(
        told.changes().map(({ id, after }) => [id, after?.name]),
        [
          ['0', 'Ann'],
          ['1', 'Ann'],
          ['0', 'Bo'],
          ['2', 'Ann'],
        ],
      )
    }),
  )

  test(
    `${kind}: a database that waits for what cannot be read yet is closed all the same, and the next one tells of it`,
    { skip },
    () =>
      inPlace(async (place) => {
        const { database, told } = await heard(place)
        const other = place.kept(await connect(place.url))
        await other.run("insert into people (id, name) values ('0', 'Ann')")
        await told.until(({ id }) => id === '0')
        await lately(place, { kind, late, other }, () => database.close())
        const next = listen(await place.open())
        await next.until(({ id }) => id === '0')
        assert.deepEqual(
          next.changes().map(({ id, after }) => [id, after?.name]),
          [
            ['1', 'Ann'],
            ['0', 'Bo'],
          ],
        )
      }),
  )
}

interface Late {
  readonly kind: string
  readonly late: Lateness
  readonly other: SqlOther
}

/** Does something while a commit of the other program is told of, and cannot be read. */
async function lately(place: Place, { kind, late, other }: Late, work: () => Promise<void>): Promise<void> {
  const admin = place.kept(await connect(place.url))
  if (kind === 'MySQL' && (await admin.rows(plugin)).length === 0) {
    await admin.run("install plugin rpl_semi_sync_source soname 'semisync_source.so'")
  }
  const waiting = async () => (await admin.rows(late.waiting)).length
  const writing: Promise<void>[] = []
  let isOver = false
  await each(admin, late.begin)
  try {
    if (late.probe !== undefined) {
      const prober = place.kept(await connect(place.url))
      await other.run(late.probe.own)
      writing.push(probed(prober, late.probe, () => isOver))
      while ((await waiting()) === 0) await setImmediate()
    }
    writing.push(other.write({ make: '1' }, { change: 'people', where: { id: '0' }, set: { name: 'Bo' } }))
    while ((await waiting()) < writing.length) await setImmediate()
    // the capture has time to hear of it: however long that is, nothing may be told
    for (let looks = 0; looks < 50; looks++) await waiting()
    await work()
  } finally {
    isOver = true
    await each(admin, late.end)
    await Promise.all(writing)
  }
}

/** Commits one after the other, until one waits and that is over. */
async function probed(prober: SqlOther, { own, statement }: NonNullable<Lateness['probe']>, isOver: () => boolean) {
  await prober.run(own)
  while (!isOver()) await prober.run(statement)
}

/** One by itself, as settings of the server must be. */
async function each(admin: SqlOther, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await admin.run(statement)
}
