import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { startApp } from 'tapri'
import { client, closeClient } from 'tapri/client'
import { hashToken } from '../../packages/tapri/src/auth/token.ts'
import { syncTo } from '../../packages/tapri/src/client/client.ts'
import { scratchDatabase } from '../../packages/tapri/src/data/index.ts'
import { silentLog } from '../../packages/tapri/src/observe/index.ts'
import { randomOf } from '../fuzz.fixture.ts'
import { quickClock } from '../quick-clock.fixture.ts'
import app from './app.fixture.ts'
import { openBadLine } from './bad-line.fixture.ts'
import { History } from './history.fixture.ts'
import type { Member, Watch } from './member.fixture.ts'
import { type Node, startNode } from './nodes.fixture.ts'
import { below, pickOne, type Question, questionOf, rulesOf } from './questions.fixture.ts'
import { type Step, stepsOf, write } from './writes.fixture.ts'

/** Answers of a route that looks at who calls are shared with nobody, so it has one of its own. */
function routeOf(question: Question): { readonly route: string; readonly input: Record<string, string> } {
  return question.kind === 'me' ? { route: 'me', input: {} } : { route: 'ask', input: { question: JSON.stringify(question) } }
}

/** A database, nodes on it that come and go, and clients behind lines that are bad: each seed is another one. */
export class World {
  /** How many answers were compared. */
  checks = 0
  readonly #seed: number
  readonly #url: string
  readonly #folder: string
  readonly #bug: string | undefined
  readonly #dispose: () => Promise<void>
  readonly #random: () => number
  readonly #nodes: (Node | undefined)[]
  readonly #complaints: string[] = []
  readonly #members: Member[] = []
  readonly #users: string[] = []
  readonly #pool: Question[] = []
  #work: Promise<unknown>[] = []
  /** How many writes are under way. */
  #writing = 0
  /** A token of a commit after all that was written. */
  #token = ''

  static async open(server: string, seed: number, bug?: string): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'tapri-oracle-'))
    const scratch = await scratchDatabase(server)
    const isSqlite = server.startsWith('sqlite:')
    const world = new World(seed, isSqlite ? `sqlite:${folder}/oracle.db` : scratch.url, folder, bug, async () => {
      await scratch.dispose()
      await rm(folder, { recursive: true, force: true })
    })
    try {
      await world.#begin(isSqlite ? 1 : 2 + (seed % 3 === 0 ? 1 : 0))
    } catch (cause) {
      await world.close()
      throw cause
    }
    return world
  }

  private constructor(seed: number, url: string, folder: string, bug: string | undefined, dispose: () => Promise<void>) {
    this.#seed = seed
    this.#url = url
    this.#folder = folder
    this.#bug = bug
    this.#dispose = dispose
    this.#random = randomOf(seed)
    this.#nodes = []
  }

  async #begin(nodes: number): Promise<void> {
    const tokens = await this.#settleIn()
    await Promise.all(Array.from({ length: nodes }, (_, place) => this.#start(place)))
    for (let count = 0; count < 6; count++) this.#pool.push(questionOf(this.#random, this.#users))
    for (const user of [undefined, ...tokens]) await this.#join(user)
  }

  /** The first rows; answers a session of each user, and a second one of the first. */
  async #settleIn(): Promise<{ readonly user: string; readonly token: string }[]> {
    const here = await this.#openHere()
    try {
      const db: any = here.database.asSystem
      for (const name of ['ann', 'bob', 'cyd']) {
        this.#users.push(
          (await db.users.create({ name, email: `${name}@club.test`, role: name === 'cyd' ? 'editor' : 'reader' })).id,
        )
      }
      const steps = Array.from({ length: 24 }, (_, index): Step => {
        const kind = index < 4 ? 'board' : pickOne(this.#random, ['note', 'note', 'note', 'join', 'change'] as const)
        return { kind, one: below(this.#random, 1000), other: below(this.#random, 1000), value: below(this.#random, 1000) }
      })
      await db.transaction((db: any) => write(db, steps))
      const sessions = [...this.#users, ...this.#users.slice(0, 1)].map(async (user) => {
        return { user, token: (await here.auth?.issueToken(user)) ?? '' }
      })
      return await Promise.all(sessions)
    } finally {
      await here.stop()
    }
  }

  #openHere() {
    const options = { file: null, host: '127.0.0.1', port: 0, log: silentLog, migrate: 'auto' } as const
    return startApp(app.description, { ...options, environment: this.#settings() })
  }

  #settings(): Readonly<Record<string, string>> {
    return {
      NODE_ENV: 'test',
      DATABASE_URL: this.#url,
      FILES_URL: `disk:${this.#folder}/files`,
      ORACLE_SEED: String(this.#seed),
      ...(this.#bug !== undefined && { ORACLE_BUG: this.#bug }),
      // without one each node looks for the commits of the others by itself
      ...(this.#seed % 4 !== 0 && { BUS_URL: `ipc:${this.#folder}/bus` }),
    }
  }

  async #start(place: number): Promise<void> {
    this.#nodes[place] = await startNode(this.#folder, this.#settings())
  }

  get #isMongo(): boolean {
    return this.#url.startsWith('mongodb')
  }

  async #join(session: { readonly user: string; readonly token: string } | undefined): Promise<void> {
    const home = this.#members.length % this.#nodes.length
    const line = await openBadLine(() => this.#nodes[member.home]?.port)
    const live = pickOne(this.#random, ['websocket', 'websocket', 'auto', 'events'] as const)
    const token = session?.token
    const api: any = client<typeof app>(line.url, { clock: quickClock, live, ...(token !== undefined && { token }) })
    const member: Member = { user: session?.user ?? null, token, line, api, watches: [], home, isSignedOut: false }
    this.#members.push(member)
    for (const question of this.#pool.slice(0, 4)) this.#watch(member, question)
    for (let count = 0; count < 3; count++) this.#watch(member, questionOf(this.#random, this.#users))
  }

  #watch(member: Member, question: Question): void {
    if (member.isSignedOut) return
    const shown: unknown[] = []
    const onError = (error: any) => {
      watch.ended = `${error.code}: ${error.message}`
    }
    const { route, input } = routeOf(question)
    const stop = member.api.oracle[route].live(input, (value: unknown) => shown.push(value), { onError })
    const watch: Watch = { question, shown, stop, ended: undefined }
    member.watches.push(watch)
  }

  /** One thing happens, whatever is under way. */
  async act(): Promise<void> {
    const random = this.#random
    const member = pickOne(random, this.#members)
    switch (below(random, 60)) {
      case 0:
        return member.line.cut()
      case 1:
        return member.line.leave()
      case 2:
        return member.line.hold()
      case 3:
        return member.line.slow(below(random, 5), 20 + below(random, 2000))
      case 4:
      case 5:
        return member.line.release()
      case 6:
        return this.#watch(member, random() < 0.5 ? pickOne(random, this.#pool) : questionOf(random, this.#users))
      case 7: {
        const watch = pickOne(random, member.watches)
        if (member.watches.length > 3 && watch.ended === undefined) {
          watch.stop()
          // what it has shown is judged all the same
          watch.ended = 'left'
        }
        return
      }
      case 8:
        return this.#begun(this.#restart(below(random, this.#nodes.length), random() < 0.6))
      case 9:
        return random() < 0.3 ? this.#begun(this.#signOut(member)) : undefined
      case 10:
      case 11:
        return this.settle()
      default:
        this.#begun(this.#write(stepsOf(random), below(random, this.#nodes.length)))
        // some write at once, others one after another
        return random() < 0.6 ? this.#finished() : this.#turns(below(random, 20))
    }
  }

  #begun(work: Promise<unknown>): void {
    const told = work.catch((error) => {
      // on a busy machine a transaction may be undone because it took too long: the log has nothing of it
      if (Reflect.get(Object(error), 'code') === 'TAPRI_DATA_TIMEOUT') return
      this.#complaints.push(String(error))
      throw error
    })
    told.catch(() => {})
    this.#work.push(told)
  }

  async #turns(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
  }

  async #finished(): Promise<void> {
    while (this.#work.length > 0) await Promise.all(this.#work.splice(0))
  }

  async #write(steps: readonly Step[], place: number): Promise<void> {
    this.#writing++
    await this.#post(steps, this.#nodes[place]).finally(() => this.#writing--)
  }

  async #post(steps: readonly Step[], node: Node | undefined): Promise<void> {
    if (node === undefined) return
    let answer: Response
    try {
      answer = await fetch(`http://127.0.0.1:${node.port}/api/oracle/write`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ steps: JSON.stringify(steps) }),
      })
    } catch {
      // the node is gone: the log will tell whether it was done
      return
    }
    const text = await answer.text().catch(() => '')
    assert.ok(
      answer.ok || [409, 503].includes(answer.status),
      `A write is answered ${answer.status}: ${text} for ${JSON.stringify(steps)}`,
    )
    if (answer.ok) this.#token = answer.headers.get('tapri-token') ?? this.#token
  }

  async #signOut(member: Member): Promise<void> {
    const port = this.#nodes.find((node) => node !== undefined)?.port
    if (member.token === undefined || member.isSignedOut || port === undefined) return
    member.isSignedOut = true
    const headers = { authorization: `Bearer ${member.token}` }
    const signOut = () =>
      fetch(`http://127.0.0.1:${this.#nodes.find((node) => node !== undefined)?.port ?? port}/api/auth/sign-out`, {
        method: 'POST',
        headers,
      })
    // the node may go in the midst of it
    for (;;) {
      const isDone = await signOut().then(
        ({ ok }) => ok,
        () => false,
      )
      if (isDone) return
      await this.#turns(10)
    }
  }

  async #restart(place: number, isKilled: boolean): Promise<void> {
    const node = this.#nodes[place]
    if (node === undefined) return
    // MongoDB keeps the transaction of a process that is gone for a minute, and everybody waiting
    if (isKilled && this.#isMongo && this.#writing > 0) return
    this.#nodes[place] = undefined
    const well = this.#nodes.findIndex((each) => each !== undefined)
    for (const member of this.#members) if (member.home === place && well !== -1) member.home = well
    await (isKilled ? node.kill() : node.stop())
    this.#complaints.push(...node.complaints)
    await this.#start(place)
  }

  /** Each node in turn, as a deployment does. */
  async roll(): Promise<void> {
    await this.#finished()
    for (let place = 0; place < this.#nodes.length; place++) {
      const restarting = this.#restart(place, false)
      for (let count = 0; count < 3; count++)
        this.#begun(this.#write(stepsOf(this.#random), below(this.#random, this.#nodes.length)))
      await restarting
    }
  }

  /** Nothing is under way any more: what was shown last must be what HTTP answers the same caller now. */
  async settle(): Promise<void> {
    await this.#finished()
    for (const { line } of this.#members) line.release()
    this.#token = ''
    while (this.#token === '') await this.#write([{ kind: 'board', one: 0, other: 0, value: below(this.#random, 1000) }], 0)
    await Promise.all(this.#nodes.map((node) => node?.reached(this.#token)))
    await Promise.all(this.#members.map(({ api }) => syncTo(api, this.#token)))
    for (const member of this.#members) for (const watch of member.watches) await this.#compare(member, watch)
  }

  async #compare(member: Member, { question, shown, ended }: Watch): Promise<void> {
    const where = this.#where(member, question)
    if (ended === 'left') return
    if (member.isSignedOut) return assert.match(ended ?? 'goes on', /^TAPRI_AUTH_SESSION/, where)
    assert.equal(ended, undefined, where)
    const node = pickOne(this.#random, this.#nodes)
    const { route, input } = routeOf(question)
    const headers = new Headers(member.token === undefined ? [] : [['authorization', `Bearer ${member.token}`]])
    const answer = await fetch(`http://127.0.0.1:${node?.port}/api/oracle/${route}?${new URLSearchParams(input)}`, { headers })
    const value = await answer.json()
    assert.equal(answer.status, 200, `${where}: ${JSON.stringify(value)}`)
    this.checks++
    assert.deepEqual(shown.at(-1), value, `${where}: what is shown is not what HTTP answers`)
  }

  #where(member: Member, question: Question): string {
    const who = member.user ?? 'a visitor'
    const rules = JSON.stringify(rulesOf(randomOf(this.#seed)))
    return `${JSON.stringify(question)} of ${who} over ${this.#url.split(':')[0]}, with the rules ${rules}`
  }

  /** Everything that was ever shown must have been right, one moment after another. */
  async judge(): Promise<void> {
    await this.settle()
    for (const { api } of this.#members) closeClient(api)
    await this.#stopNodes()
    const here = await this.#openHere()
    try {
      const commits = await here.database.changes.since(0, 1_000_000)
      const history = new History(commits, rulesOf(randomOf(this.#seed)))
      for (const member of this.#members) for (const watch of member.watches) this.#judgeWatch(history, member, watch)
    } finally {
      await here.stop()
    }
  }

  #judgeWatch(history: History, member: Member, { question, shown }: Watch): void {
    const end = (member.token === undefined ? undefined : history.endOf(hashToken(member.token))) ?? history.length
    let moment = 0
    for (const [index, value] of shown.entries()) {
      const from = moment
      while (moment < end && !isDeepStrictEqual(value, history.answer(moment, question, member.user))) moment++
      this.checks++
      if (moment < end) continue
      const right = history.answer(from, question, member.user)
      const earlier = Array.from({ length: history.length }, (_, each) => each).filter((each) =>
        isDeepStrictEqual(value, history.answer(each, question, member.user)),
      )
      const where = this.#where(member, question)
      assert.deepEqual(
        value,
        right,
        `${where}: value ${index} of ${shown.length} was right at no moment from ${from} to ${end}, but at [${earlier}]`,
      )
    }
  }

  async #stopNodes(): Promise<void> {
    for (const [place, node] of this.#nodes.entries()) {
      this.#nodes[place] = undefined
      await node?.stop()
      this.#complaints.push(...(node?.complaints ?? []))
    }
  }

  /** What nodes have complained about. */
  get complaints(): readonly string[] {
    return [...this.#complaints, ...this.#nodes.flatMap((node) => node?.complaints ?? [])]
  }

  async close(): Promise<void> {
    for (const { api, line } of this.#members) {
      closeClient(api)
      await line.close()
    }
    await Promise.allSettled(this.#work)
    for (const node of this.#nodes) await node?.kill()
    await this.#dispose()
  }
}
