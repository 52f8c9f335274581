import assert from 'node:assert/strict'
import { test } from 'node:test'
import { heard, kinds } from '../../capture/outside.fixture.ts'
import { connect } from '../../capture/outside-sql.fixture.ts'
import { model, openDatabase, text } from '../../index.ts'

const models = { notes: model({ text: text() }) }

for (const { kind, skip, with: inPlace } of kinds.filter((each) => each.kind === 'MySQL' || each.kind === 'MariaDB')) {
  test(`${kind}: a binary log without the names of columns is refused at the start`, { skip }, () =>
    inPlace(async ({ url }) => {
      const other = await connect(url)
      try {
        await other.run("set global binlog_row_metadata = 'MINIMAL'")
        await assert.rejects(openDatabase({ models, policies: [], url, migrate: 'auto' }), {
          code: 'TAPRI_DATA_CAPTURE',
          message: /the server's binary log must have binlog_row_metadata = FULL: set it and start the server again$/,
        })
      } finally {
        await other.run("set global binlog_row_metadata = 'FULL'")
        await other.close()
      }
    }),
  )

  test(`${kind}: a user who may not read the binary log is refused at the start`, { skip }, () =>
    inPlace(async ({ url }) => {
      const other = await connect(url)
      const place = new URL(url)
      const name = `user_${place.pathname.slice(-12)}`
      try {
        await other.run(`create user ${name}@'%'`, `grant all on ${place.pathname.slice(1)}.* to ${name}@'%'`)
        place.username = name
        await assert.rejects(openDatabase({ models, policies: [], url: place.href, migrate: 'auto' }), {
          code: 'TAPRI_DATA_CAPTURE',
          message: /grant replication slave, replication client on \*\.\* to its user$/,
        })
      } finally {
        await other.run(`drop user ${name}@'%'`)
        await other.close()
      }
    }),
  )

  test(`${kind}: what a session has compressed may be anything, and what comes after it is told`, { skip }, () =>
    inPlace(async (place) => {
      const { told } = await heard(place)
      const other = place.kept(await connect(place.url))
      // MariaDB compresses what it then sends as it was
      if (kind === 'MySQL') await other.run('set session binlog_transaction_compression = 1')
      await other.run("insert into people (id, name) values ('1', 'Ann')")
      await told.until(({ id }) => id === (kind === 'MySQL' ? '' : '1'))
      const plain = place.kept(await connect(place.url))
      await plain.run("insert into people (id, name) values ('2', 'Bo')")
      await told.until(({ id }) => id === '2')
    }),
  )

  test(`${kind}: savepoints of a transaction do not divide it`, { skip }, () =>
    inPlace(async (place) => {
      const { told } = await heard(place)
      const other = place.kept(await connect(place.url))
      const make = (id: string) => `insert into people (id, name) values ('${id}', 'Ann')`
      await other.run(
        'begin',
        make('1'),
        'savepoint a',
        make('2'),
        'rollback to a',
        make('3'),
        'savepoint b',
        make('4'),
        'commit',
      )
      await told.until(({ id }) => id === '4')
      assert.deepEqual(
        told.commits[0]?.changes.map(({ id }) => id),
        ['1', '3', '4'],
      )
    }),
  )
}
