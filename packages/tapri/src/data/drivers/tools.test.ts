import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backupDatabase, restoreDatabase } from './backup.ts'

const at = { at: new Date(0), damaged: false }

test('for a server the command of its own tool is told, and never the password', async () => {
  const cases = [
    [
      'postgres://ann:s3cret@db.local:5433/kites?pool=3',
      /pg_dump --host=db\.local --port=5433 --username=ann --format=custom --file=a\.dump kites$/,
    ],
    ['postgresql://db.local/kites', /pg_dump --host=db\.local --format=custom --file=a\.dump kites$/],
    [
      'mysql://ann:s3cret@db.local:3307/kites',
      /mysqldump --host=db\.local --port=3307 --user=ann --password --single-transaction --result-file=a\.dump kites$/,
    ],
    [
      'mongodb://ann:s3cret@one,two:27018/kites?replicaSet=r&maxPoolSize=3&tlsCertificateKeyFilePassword=x',
      /mongodump --uri='mongodb:\/\/ann@one,two:27018\/kites\?replicaSet=r' --gzip --archive=a\.dump$/,
    ],
  ] as const
  for (const [url, command] of cases) {
    await assert.rejects(backupDatabase(url, 'a.dump'), (error: Error) => {
      assert.match(error.message, command)
      return true
    })
    await assert.rejects(restoreDatabase(url, 'a.dump', at), (error: Error) => !error.message.includes('s3cret'))
  }
  await assert.rejects(restoreDatabase(cases[0][0], 'a.dump', at), /pg_restore .*--dbname=kites a\.dump\n {2}psql .*epoch/)
})

test('what a shell would take apart is quoted', async () => {
  const url = 'postgres://ann@db.local/it%27s%20kites'
  await assert.rejects(backupDatabase(url, 'my backups/a.dump'), /--file='my backups\/a\.dump' 'it'\\''s kites'$/)
})

test('an unknown kind of database is refused', async () => {
  await assert.rejects(backupDatabase('oracle://x', 'a'), { code: 'TAPRI_DATA_URL', message: /"oracle"/ })
})
