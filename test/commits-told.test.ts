import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { tellOfCommits } from '../packages/tapri/src/app/bus.ts'
import { type Heard, hearing } from '../packages/tapri/src/bus/heard.fixture.ts'
import { type Bus, openBus } from '../packages/tapri/src/bus/index.ts'
import { scratchDatabase } from '../packages/tapri/src/data/drivers/scratch.ts'
import { openDatabase } from '../packages/tapri/src/data/index.ts'
import { servers } from '../packages/tapri/src/data/servers.fixture.ts'
import { type ManualClock, manualClock } from '../packages/tapri/src/kit/clock.ts'
import { openServer } from '../scripts/services/server.ts'
import { models } from './commits-told.fixture.ts'

for (const { kind, server } of servers.filter((each) => each.kind !== 'SQLite')) {
  test(`on ${kind} a commit of another process is heard without waiting for the next look`, async (t) => {
    const { heard, write } = await openPair(t, kind, server)
    for (const text of ['one', 'two', 'three']) {
      await write(text)
      await heard.until(text)
    }
    assert.deepEqual(heard.texts, ['one', 'two', 'three'])
  })

  test(`on ${kind} a commit that the bus does not tell of is heard within a second, and none is lost`, async (t) => {
    const { heard, write, bus, clock } = await openPair(t, kind, server)
    await write('one')
    await heard.until('one')
    await bus.close()
    for (const text of ['two', 'three']) await write(text)
    // PostgreSQL tells of it by itself
    if (kind !== 'PostgreSQL') assert.deepEqual(heard.texts, ['one'])
    clock.advance(1000)
    await heard.until('three')
    assert.deepEqual(heard.texts, ['one', 'two', 'three'])
  })
}

interface Pair {
  /** In this process. */
  readonly heard: Heard
  readonly bus: Bus
  /** The next look at the log is when it says so. */
  readonly clock: ManualClock
  /** In the other process. */
  write(text: string): Promise<void>
}

/** Two processes on one database, and a bus between them that needs no server. */
async function openPair(test: TestContext, kind: string, server: string): Promise<Pair> {
  // it tells of a commit when no older transaction is under way on the whole server, whoever's that is
  const own = kind === 'PostgreSQL' ? await openServer('postgres') : undefined
  const { url, dispose } = await scratchDatabase(own?.url ?? server)
  const folder = mkdtempSync(join(tmpdir(), 'tapri-bus-'))
  const clock = manualClock()
  const database = await openDatabase({ models, policies: [], url, migrate: 'auto', clock })
  const bus = await openBus(`ipc:${folder}/bus`)
  await tellOfCommits(database, bus)
  const heard = hearing()
  database.changes.subscribe(({ changes }) => {
    for (const { after } of changes) heard.hear(String(after?.text))
  })
  const other = fork(new URL('commits-told.fixture.ts', import.meta.url), [url, `ipc:${folder}/bus`])
  test.after(async () => {
    const ended = once(other, 'exit')
    other.kill('SIGKILL')
    await ended
    await bus.close()
    await database.close()
    await dispose()
    await own?.close()
    rmSync(folder, { recursive: true, force: true })
  })
  await said(other)
  return {
    heard,
    bus,
    clock,
    async write(text) {
      const done = said(other)
      other.send(text)
      await done
    },
  }
}

async function said(other: ChildProcess): Promise<void> {
  const ended = new AbortController()
  other.once('exit', () => ended.abort(new Error('the other process has ended')))
  await once(other, 'message', { signal: ended.signal })
}
