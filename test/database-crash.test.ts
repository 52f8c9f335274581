import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { TapriError } from 'tapri'
import { client, closeClient } from 'tapri/client'
import { arrivals } from '../packages/tapri/src/live/stall.fixture.ts'
import { findProgramOf, openServer } from '../scripts/services/server.ts'
import { databaseNames, type ServiceName, services } from '../scripts/services/service.ts'
import type club from './club/app.ts'
import { audit, type Bank, openBank, transfer } from './transfers.fixture.ts'

function reasonNotInstalled(name: ServiceName): string | false {
  try {
    findProgramOf(name)
    return false
  } catch (error) {
    return `No ${services[name].title} installed: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** Several who transfer without end, and go on after whatever they are told. */
class Load {
  readonly acknowledged = new Set<string>()
  readonly refusals: unknown[] = []
  readonly #work: Promise<unknown>
  #isOver = false

  constructor(bank: Bank, label: string) {
    const workers = Array.from({ length: 5 }, async (_, worker) => {
      for (let number = 0; !this.#isOver; number++) {
        const mark = `${label} ${worker} ${number}`
        try {
          await transfer(bank, mark, number + worker)
          this.acknowledged.add(mark)
        } catch (error) {
          this.refusals.push(error)
        }
        await setImmediate()
      }
    })
    this.#work = Promise.all(workers)
  }

  async until(isReached: () => boolean): Promise<void> {
    while (!isReached()) await setImmediate()
  }

  async end(): Promise<void> {
    this.#isOver = true
    await this.#work
  }
}

for (const name of databaseNames) {
  const { title } = services[name]
  const skip = reasonNotInstalled(name)

  test(`${title} killed under load: nothing acknowledged is lost, nothing is half done, and the app heals by itself`, {
    skip,
    timeout: 180_000,
  }, async () => {
    await using server = await openServer(name, { durable: true })
    await using bank = await openBank(server.url)
    const heard: number[] = []
    bank.database.changes.subscribe(({ position }) => heard.push(position))
    const start = await bank.database.changes.settled()
    const acknowledged = new Set<string>()
    for (const round of [1, 2]) {
      const load = new Load(bank, `round ${round}`)
      await load.until(() => load.acknowledged.size >= 20)
      await server.kill()
      const before = load.refusals.length
      await load.until(() => load.refusals.length >= before + 10)
      const atDeath = load.acknowledged.size
      await server.restart()
      await load.until(() => load.acknowledged.size >= atDeath + 20)
      await load.end()
      for (const mark of load.acknowledged) acknowledged.add(mark)
      for (const error of load.refusals) {
        assert.ok(error instanceof TapriError, String(error))
        assert.ok(error.status === 503 || error.code === 'TAPRI_DATA_CONFLICT', `${error.code}: ${error.message}`)
      }
    }
    assert.deepEqual(await bank.database.health(), { answers: true })
    await audit(bank, acknowledged)
    await transfer(bank, 'the last', 2)
    const commits = await bank.database.changes.since(start, 100_000)
    assert.deepEqual(
      heard,
      commits.map(({ position }) => position),
    )
  })

  test(`an app on ${title} killed in the midst of its work loses nothing acknowledged and leaves no half transaction`, {
    skip,
    timeout: 120_000,
  }, async () => {
    await using server = await openServer(name, { durable: true })
    // MongoDB keeps the transaction of somebody who is gone for a minute, and everybody waiting
    for (const lines of name === 'mongodb' ? [30] : [15, 40]) {
      const acknowledged = await transferAndKill(server.url, lines)
      assert.ok(acknowledged.length >= lines)
      await using bank = await openBank(server.url)
      await audit(bank, acknowledged)
      await transfer(bank, `after ${lines}`, 2)
    }
  })
}

const fixture = new URL('./transfers.fixture.ts', import.meta.url).href
const program = `
  import { openBank, transfer } from '${fixture}'
  const bank = await openBank(process.argv[1])
  for (const worker of [1, 2, 3, 4]) void work(worker)
  async function work(worker) {
    for (let number = 0; ; number++) {
      const mark = [process.pid, worker, number].join(' ')
      await transfer(bank, mark, number)
      process.stdout.write(mark + '\\n')
    }
  }`

async function transferAndKill(url: string, lines: number): Promise<string[]> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, url], { stdio: ['ignore', 'pipe', 'inherit'] })
  const acknowledged: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(line)
    if (acknowledged.length === lines) child.kill('SIGKILL')
  }
  return acknowledged
}

const appUrl = new URL('./club/app.ts', import.meta.url)

async function startClub(folder: string, databaseUrl: string): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const code = `const { default: app } = await import(${JSON.stringify(appUrl.href)}); await app.start()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    cwd: folder,
    env: { PATH: process.env.PATH, PORT: '0', LOG_FORMAT: 'json', DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /Listening on (http:[^\s"]+)/.exec(line)?.[1]
    if (url !== undefined) return { child, url: `${url}/api` }
  }
  throw new Error('The app ended before it listened')
}

for (const name of databaseNames) {
  test(`while ${services[name].title} is away requests are answered 503 with a problem document and subscriptions wait; both go on when it is back`, {
    skip: reasonNotInstalled(name),
    timeout: 120_000,
  }, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'tapri-away-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    await using server = await openServer(name, { durable: true })
    const { child, url } = await startClub(folder, server.url)
    t.after(async () => {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    })
    const videos = () => fetch(`${url}/videos`)
    assert.equal((await videos()).status, 200)
    const own = { email: 'ann@club.test', password: 'correct horse battery' }
    const guest = client<typeof club>(url)
    await guest.auth.signUp({ name: 'Ann', ...own })
    const { token } = await guest.auth.token(own)
    const ann = client<typeof club>(url, { token })
    t.after(() => [guest, ann].forEach(closeClient))
    const errors: Error[] = []
    const follow = (by: typeof ann) => {
      const counts = arrivals<number>()
      by.videos.list.live({}, (rows) => counts.add(rows.length), { onError: (error) => errors.push(error) })
      return counts
    }
    const followed = [follow(guest), follow(ann)]
    for (const counts of followed) await counts.count(1)
    await server.kill()
    // the processes of PostgreSQL live for a moment longer than the one that was killed
    while ((await videos()).status === 200) await setImmediate()
    for (let request = 0; request < 5; request++) {
      const answer = await videos()
      assert.equal(answer.status, 503)
      assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
      assert.match(String((await answer.json()).code), /^TAPRI_DATA_/)
    }
    const visitor = client<typeof club>(url)
    const member = client<typeof club>(url, { token })
    t.after(() => [visitor, member].forEach(closeClient))
    followed.push(follow(visitor), follow(member))
    await server.restart()
    // each request is answered, whatever the answer
    while ((await videos()).status !== 200) await setImmediate()
    const source = new File(['\0\0\0\x18ftypisom\0\0\x02\0isomiso2mp41'], 'kites.mp4', { type: 'video/mp4' })
    const { id } = await ann.videos.create({ title: 'Kites', source })
    await ann.videos.publish({ id })
    for (const counts of followed) while (counts.last !== 1) await counts.count(counts.seen.length + 1)
    assert.deepEqual(errors, [])
  })
}
