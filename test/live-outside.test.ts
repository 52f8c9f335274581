import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { client, closeClient } from 'tapri/client'
import { testApp } from 'tapri/test'
import { kinds, type Setting, type Write } from '../packages/tapri/src/data/capture/outside.fixture.ts'
import { sqlOf } from '../packages/tapri/src/data/capture/outside-sql.fixture.ts'
import app from './notes.fixture.ts'

const run = promisify(execFile)
const board = { board: 'plans' }

for (const { kind, skip, with: inPlace } of kinds) {
  test(`what another program writes to ${kind} is seen by who is subscribed`, { skip }, () =>
    inPlace(async ({ url, setting }) => {
      await using server = await testApp(app, { settings: { DATABASE_URL: url } })
      const api = client<typeof app>(server.url)
      const writes: Write[] = [
        { change: 'notes', where: { text: 'kept' }, set: { text: 'by hand' } },
        { remove: 'notes', where: { text: 'by hand' } },
      ]
      const seen: (readonly string[])[] = []
      await server.db.notes.create({ text: 'kept', ...board })
      for await (const rows of api.notes.list.live(board)) {
        seen.push(rows)
        const next = writes.shift()
        if (next === undefined) break
        await writeByHand(setting, url, next)
        // SQLite is looked at every second
        server.clock.advance('1s')
      }
      closeClient(api)
      assert.deepEqual(seen, [['kept'], ['by hand'], []])
    }),
  )
}

for (const { kind, skip, with: inPlace } of kinds) {
  test(`a live count on ${kind} that was read before another program's write is told of counts it once`, { skip }, () =>
    inPlace(async ({ url, setting }) => {
      await using server = await testApp(app, { settings: { DATABASE_URL: url } })
      const api = client<typeof app>(server.url)
      const other = await setting.connect(url)
      for (let times = 1; times <= 5; times++) {
        await server.db.notes.create({ text: `moved ${times}`, board: 'drafts' })
        await other.write({ change: 'notes', where: { text: `moved ${times}` }, set: board })
        using live = api.notes.count.live(board)
        await live.ready
        // what this process writes is told of behind it
        await server.db.notes.create({ text: `own ${times}`, ...board })
        server.clock.advance('1s')
        await server.settled()
        while (live.value !== 2 * times) {
          assert.ok(Number(live.value) < 2 * times, `${live.value} of ${2 * times}`)
          server.clock.advance('1s')
          await setImmediate()
        }
      }
      await other.close()
      closeClient(api)
    }),
  )
}

/** By psql where it is installed, as somebody at a terminal would. */
async function writeByHand(setting: Setting, url: string, write: Write): Promise<void> {
  if (url.startsWith('postgres') && (await hasPsql())) {
    const place = new URL(url)
    const schema = place.searchParams.get('schema')
    place.search = ''
    const env = { ...process.env, PGOPTIONS: `-c search_path=${schema}` }
    await run('psql', ['--no-psqlrc', '-v', 'ON_ERROR_STOP=1', '-c', sqlOf(write, url), place.href], { env })
    return
  }
  const other = await setting.connect(url)
  await other.write(write)
  await other.close()
}

async function hasPsql(): Promise<boolean> {
  return run('psql', ['--version']).then(
    () => true,
    () => false,
  )
}
