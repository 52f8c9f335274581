import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { startApp } from 'tapri'
import { client, closeClient } from 'tapri/client'
import { hashToken as hashOf } from '../packages/tapri/src/auth/token.ts'
import { sync } from '../packages/tapri/src/client/client.ts'
import { manualClock } from '../packages/tapri/src/kit/clock.ts'
import { silentLog } from '../packages/tapri/src/observe/index.ts'
import { randomOf } from './fuzz.fixture.ts'
import { expected, openLine, type State, simulated } from './live-simulation.fixture.ts'

const seeds = Number(process.env.SEEDS ?? 40)
const first = Number(process.env.FIRST_SEED ?? 1)
const routes = ['list', 'top', 'count', 'sum', 'me'] as const

let app: Awaited<ReturnType<typeof startApp>>
let line: Awaited<ReturnType<typeof openLine>>
let folder: string
const serverClock = manualClock()

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapri-simulation-'))
  const environment = { NODE_ENV: 'test', DATABASE_URL: 'sqlite::memory:', FILES_URL: `disk:${folder}` }
  const options = { port: 0, host: '127.0.0.1', file: null, log: silentLog, migrate: 'auto', clock: serverClock } as const
  app = await startApp(simulated.description, { ...options, environment })
  line = await openLine(Number(new URL(app.url).port))
})
after(async () => {
  await app.stop()
  await line.close()
  await rm(folder, { recursive: true, force: true })
})

test(`over ${seeds} seeds of writes, cuts, and rights that come and go, nobody sees torn, stale or forbidden rows`, async () => {
  for (let seed = first; seed < first + seeds; seed++) await new Simulation(seed).run()
})

/** One subscription and all that it has shown. */
interface Watch {
  readonly route: (typeof routes)[number]
  readonly user: string | null
  /** Of the session by which it is known. */
  readonly token: string | undefined
  readonly shown: (readonly unknown[])[]
  readonly api: object
  end: string | undefined
}

class Simulation {
  readonly #seed: number
  readonly #random: () => number
  readonly #db: any = app.database.asSystem
  readonly #clock = manualClock()
  readonly #states: State[] = []
  readonly #watches: Watch[] = []
  /** At which tick each session ended. */
  readonly #ended = new Map<string, number>()
  readonly #users: any[] = []
  readonly #notes: any[] = []
  #state = new Map<string, Map<string, any>>()
  #tick = 0
  #writes: Promise<unknown>[] = []

  constructor(seed: number) {
    this.#seed = seed
    this.#random = randomOf(seed)
  }

  async run(): Promise<void> {
    const stop = app.database.changes.subscribe((commit) => this.#follow(commit.changes))
    try {
      await this.#begin()
      for (let step = 0; step < 40; step++) await this.#act()
      await this.#settle()
      this.#judge()
    } finally {
      stop()
      for (const { api } of this.#watches) closeClient(api)
      await this.#clear()
    }
  }

  async #begin(): Promise<void> {
    for (const name of ['left', 'right', 'tick']) await this.#db.purses.create({ name, amount: name === 'left' ? 100 : 0 })
    for (const name of ['ann', 'bob']) this.#users.push(await this.#db.users.create({ name, email: `${name}@club.test` }))
    await this.#write(async () => {})
    for (const user of [null, ...this.#users, ...this.#users]) await this.#join(user)
  }

  async #join(user: any): Promise<void> {
    const token = user === null ? undefined : await app.auth?.issueToken(user.id)
    const api = client<typeof simulated>(line.url, { clock: this.#clock, ...(token !== undefined && { token }) })
    for (const route of routes) {
      if (user === null && route === 'me') continue
      const watch: Watch = { route, user: user?.id ?? null, token, shown: [], api, end: undefined }
      this.#watches.push(watch)
      const show = (value: any) => watch.shown.push(value)
      const onError = (error: any) => {
        watch.end = error.code
      }
      const follow: { live(input: object, show: (value: any) => void, options: object): unknown } = api.reader[route]
      follow.live({}, show, { onError })
    }
  }

  async #act(): Promise<void> {
    const pick = Math.floor(this.#random() * 1000)
    const note = this.#notes[pick % Math.max(1, this.#notes.length)]
    const user = this.#users[pick % 2]
    switch (Math.floor(this.#random() * 14)) {
      case 0:
      case 1:
        return this.#begun(
          this.#write(async (db) => {
            this.#notes.push(await db.notes.create({ title: `n${pick}`, open: pick % 3 === 0, rank: pick % 7, owner: user.id }))
          }),
        )
      case 2:
        return this.#begun(
          this.#write(async (db) => note && (await db.notes.update(note.id, { open: pick % 2 === 0, rank: pick % 5 }))),
        )
      case 3:
        return this.#begun(this.#write(async (db) => note && (await db.notes.update(note.id, { owner: user.id }))))
      case 4:
      case 11:
        return this.#begun(this.#write((db) => db.users.update(user.id, { role: pick % 3 === 0 ? 'editor' : 'reader' })))
      case 5:
        return this.#begun(
          this.#write(async (db) => {
            if (note && this.#notes.splice(this.#notes.indexOf(note), 1)) await db.notes.delete(note.id)
          }),
        )
      case 6:
        line.sockets[pick % Math.max(1, line.sockets.length)]?.resetAndDestroy()
        return
      case 7:
        return void this.#clock.advance(pick * 20)
      case 8:
        return pick % 4 === 0 ? this.#begun(this.#endSession(pick)) : undefined
      case 9:
      case 12:
      case 13:
        return this.#settle()
      default:
        for (let turn = pick % 5; turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #begun(write: Promise<unknown>): void {
    // somebody else may have deleted the row first, which undoes the whole transaction
    this.#writes.push(write.catch((error) => assert.equal(error.code, 'TAPRI_NOT_FOUND')))
  }

  /** One transaction that also moves money and the tick, first and last, so that half of it would show. */
  #write(work: (db: any) => Promise<unknown>): Promise<unknown> {
    return this.#db.transaction(async (db: any) => {
      const [left, right, tick] = await Promise.all(['left', 'right', 'tick'].map((name) => db.purses.first({ where: { name } })))
      const amount = Math.floor(this.#random() * 100)
      await db.purses.update(tick.id, { amount: tick.amount + 1 })
      await db.purses.update(left.id, { amount })
      await work(db)
      await db.purses.update(right.id, { amount: 100 - amount })
    })
  }

  async #endSession(pick: number): Promise<void> {
    const sessions = await this.#db.tapri_sessions.find({})
    const session = sessions[pick % Math.max(1, sessions.length)]
    if (session) await this.#db.tapri_sessions.delete(session.id)
  }

  #follow(changes: readonly any[]): void {
    const next = new Map([...this.#state].map(([model, rows]) => [model, new Map(rows)]))
    for (const { model, id, after, before } of changes) {
      if (model === 'tapri_sessions' && after === null) this.#ended.set(before.tokenHash, this.#tick)
      const rows = next.get(model) ?? new Map()
      next.set(model, rows)
      if (after === null) rows.delete(id)
      else rows.set(id, after)
      if (after?.name === 'tick') this.#tick = after.amount
    }
    this.#state = next
    this.#states[this.#tick] = next
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#writes.splice(0))
    let isDone = false
    const apis = [...new Set(this.#watches.map(({ api }) => api))]
    const settled = (async () => {
      await Promise.all(apis.map(sync))
      await app.live.settled()
      await Promise.all(apis.map(sync))
      isDone = true
    })()
    while (!isDone) {
      for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
      this.#clock.advance(1000)
    }
    await settled
    this.#judgeNow()
  }

  #judge(): void {
    for (const watch of this.#watches) {
      const where = `seed ${this.#seed}, ${watch.route} of ${watch.user ?? 'a visitor'}`
      const endedAt = watch.token === undefined ? undefined : this.#ended.get(hashOf(watch.token))
      let tick = 0
      for (const rows of watch.shown) {
        const from = tick
        const last = endedAt ?? this.#tick
        // an answer must be the right one of some moment, and not of one before the last answer's
        while (tick <= last && !isDeepStrictEqual(rows, this.#answer(tick, watch))) tick++
        if (tick <= last) continue
        assert.deepEqual(rows, this.#answer(last, watch), `${where} saw what was so at no moment from ${from} to ${last}`)
      }
    }
  }

  /** Everything is handled: what was shown last must be what is so now. */
  #judgeNow(): void {
    for (const watch of this.#watches) {
      const where = `seed ${this.#seed} at ${this.#tick}, ${watch.route} of ${watch.user ?? 'a visitor'}`
      const isEnded = watch.token !== undefined && this.#ended.has(hashOf(watch.token))
      assert.equal(watch.end, isEnded ? 'TAPRI_AUTH_SESSION' : undefined, where)
      if (!isEnded) assert.deepEqual(watch.shown.at(-1), this.#answer(this.#tick, watch), where)
    }
  }

  #answer(tick: number, { route, user }: Watch): readonly unknown[] | undefined {
    const state = this.#states[tick]
    return state && expected(state, route, user)
  }

  async #clear(): Promise<void> {
    for (const name of ['notes', 'purses', 'users']) {
      for (const { id } of await this.#db[name].find({ limit: 10_000 })) await this.#db[name].delete(id)
    }
  }
}
