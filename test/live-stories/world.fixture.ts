import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import { client, closeClient } from '../../packages/tapri/src/client/index.ts'
import type { Database } from '../../packages/tapri/src/data/index.ts'
import { type ManualClock, manualClock } from '../../packages/tapri/src/kit/clock.ts'
import { TapriError } from '../../packages/tapri/src/kit/errors.ts'
import { type Live, type LiveOptions, openLive } from '../../packages/tapri/src/live/index.ts'
import type { TestCaller } from '../../packages/tapri/src/live/stall.fixture.ts'
import { silentLog } from '../../packages/tapri/src/observe/index.ts'
import { expected, handlers, models, type State } from './club.fixture.ts'
import { type Line, Network } from './line.fixture.ts'
import { History, LaggingLog } from './log.fixture.ts'

interface Node {
  readonly live: Live
  readonly log: LaggingLog
}

/** One subscription, and up to where its client has been told. */
interface Watch {
  readonly route: string
  readonly user: string | null
  value: unknown
  hasValue: boolean
  token: string | undefined
  /** The position at which its last value was right. */
  rightAt: number
  id: number | undefined
  line: Line | undefined
  /** It has been seen together with the others of its transactions. */
  isGreeted: boolean
}

export interface Member {
  readonly user: string | null
  readonly watches: Watch[]
  readonly api: object
}

const routes = Object.keys(handlers)

/** Nodes that lag, clients that are cut off, and one database below all of them; each seed is another story. */
export class World {
  readonly history: History
  readonly clock: ManualClock = manualClock()
  readonly network = new Network()
  readonly nodes: (Node | undefined)[] = []
  readonly members: Member[] = []
  /** The database answers no question of a handler. */
  isAway = false
  /** How often an answer was compared with what was so at its token. */
  checks = 0
  readonly #unsure = new Set<Line>()
  readonly #database: Database
  readonly #change: (options: LiveOptions<TestCaller>) => LiveOptions<TestCaller>
  readonly #random: () => number
  readonly #unsubscribe: () => void

  constructor(
    database: Database,
    random: () => number,
    change: (options: LiveOptions<TestCaller>) => LiveOptions<TestCaller> = (options) => options,
  ) {
    this.#database = database
    this.#random = random
    this.#change = change
    this.history = new History(database.changes.position())
    this.#unsubscribe = database.changes.subscribe((commit) => this.history.add(commit))
    this.network.route = () => {
      const well = this.nodes.filter((node) => node !== undefined)
      return well[Math.floor(this.#random() * well.length)]?.live
    }
  }

  startNode(place: number): void {
    const log = new LaggingLog(this.history, Object.keys(models))
    const live = openLive<TestCaller>(this.#change(this.#options(log)))
    this.nodes[place] = { live, log }
  }

  /** As by kill -9: nobody says goodbye. */
  crashNode(place: number): void {
    const node = this.nodes[place]
    this.nodes[place] = undefined
    for (const line of [...this.network.lines]) if (line.node === node?.live) line.cut()
  }

  join(user: string | null): void {
    const watches: Watch[] = []
    const api: any = client<any>('http://club.test/api', {
      clock: this.clock,
      WebSocket: this.network.socketClass(
        (frame, line) => this.#onFrame(watches, frame, line),
        (frame, line) => this.#onAsked(watches, frame, line),
      ),
      live: 'websocket',
      ...(user !== null && { token: user }),
    })
    for (const route of routes) {
      if (route === 'me' && user === null) continue
      const watch: Watch = {
        route,
        user,
        value: undefined,
        hasValue: false,
        token: undefined,
        rightAt: 0,
        id: undefined,
        line: undefined,
        isGreeted: false,
      }
      watches.push(watch)
      const show = (value: unknown) => {
        watch.value = value
        watch.hasValue = true
      }
      api.club[route].live({}, show, { onError: (error: Error) => assert.fail(`${route}: ${error.message}`) })
    }
    this.members.push({ user, watches, api })
  }

  /** Lets everything that waits for nothing but the machine go on. */
  async turns(count = 4): Promise<void> {
    for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
  }

  /** Until nothing is under way: all nodes know of everything, all lines are open and quiet. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 12; ) {
      let isBusy = false
      for (const node of this.nodes) {
        while (node?.log.isBehind) {
          node.log.advance()
          isBusy = true
        }
      }
      for (const line of [...this.network.lines]) {
        if (line.isBusy) isBusy = true
        line.step(this.#random() < 0.5)
      }
      if (this.members.some(({ watches }) => watches.some((watch) => this.#waits(watch)))) {
        this.clock.advance(1_000)
        isBusy = true
      }
      await this.turns()
      quiet = isBusy ? 0 : quiet + 1
    }
    for (const { watches } of this.members) for (const watch of watches) this.#judge(watch, this.history.state, 'in the end')
  }

  /** For its line, or for the server to be able to answer. */
  #waits({ line, token }: Watch): boolean {
    return line === undefined || !this.network.lines.has(line) || token === undefined
  }

  async close(): Promise<void> {
    this.#unsubscribe()
    for (const { api } of this.members) closeClient(api)
    for (const line of [...this.network.lines]) line.cut()
    await this.turns()
    for (const node of this.nodes) await node?.live.stop()
  }

  #options(log: LaggingLog): LiveOptions<TestCaller> {
    const database = this.#database
    return {
      database: { changes: log.changes, exclusive: (work) => database.exclusive(work) },
      log: silentLog,
      clock: this.clock,
      run: async ({ route, caller, reads, onCallerSeen, input, upgrade, signal, ...rest }) => {
        if (this.isAway) throw new TapriError('TAPRI_DATA_UNREACHABLE', 'Cannot reach the database', { status: 503 })
        const given = {
          db: database.asCaller({ user: caller?.user ?? null }, { ...rest, reads, readOnly: true }),
          input,
          get user() {
            onCallerSeen()
            return caller?.user ?? null
          },
          request: upgrade,
          signal,
        }
        return handlers[route.replace('club.', '')]?.(given)
      },
      opened: (rules, caller) => database.opened(rules, caller?.user ?? null),
      identify: async (_upgrade, token, reads) => {
        if (token === undefined) return null
        const db: any = database.systemDb({ reads })
        const user = await db.users.get(token)
        return { user }
      },
      allowOrigin: () => true,
      senderOf: () => undefined,
      isLive: () => true,
    }
  }

  /** A frame has arrived and the client has taken it: what it shows now must be what was so at the token. */
  #onFrame(watches: Watch[], frame: any, line: Line): void {
    if (frame.type === 'snapshot' || frame.type === 'current') {
      const watch = watches.find((each) => each.line === line && each.id === frame.id)
      if (watch !== undefined) watch.token = frame.at
    } else if (frame.type === 'error') {
      // what it shows stays, and is told nothing of until it is answered again
      const watch = watches.find((each) => each.line === line && each.id === frame.id)
      if (watch !== undefined) watch.token = undefined
    } else if (frame.type === 'patch' || frame.type === 'ping' || frame.type === 'pong') {
      for (const watch of watches) if (watch.line === line && watch.token !== undefined) watch.token = frame.at
    }
    for (const watch of watches) this.#judgeAtToken(watch)
    if (frame.type === 'patch') this.#judgeWhole(watches, line)
  }

  /** Time has passed: what was held back for other topics may have been sent without them. */
  passed(): void {
    for (const line of this.network.lines) this.#unsure.add(line)
  }

  /** A visitor's purses hold 100 together after every frame: half a transaction would show. */
  #judgeWhole(watches: readonly Watch[], line: Line): void {
    const [left, right] = ['left', 'right'].map((route) => watches.find((watch) => watch.route === route))
    if (left === undefined || right === undefined || left.user !== null) return
    const isBoth = [left, right].every((watch) => watch.line === line && watch.token !== undefined)
    if (!isBoth) return
    const isWhole = Number(left.value) + Number(right.value) === 100
    if (isWhole) this.#unsure.delete(line)
    else if (!this.#unsure.has(line) && left.isGreeted && right.isGreeted) {
      assert.fail(`half a transaction: ${left.value} and ${right.value}`)
    }
    left.isGreeted = isWhole
    right.isGreeted = isWhole
  }

  /** Notes which number a client has given to which subscription. */
  #onAsked(watches: Watch[], frame: any, line: Line): void {
    if (frame.type !== 'subscribe') return
    const watch = watches.find(({ route }) => `club.${route}` === frame.route)
    if (watch === undefined) return
    watch.id = frame.id
    watch.line = line
    watch.token = undefined
    watch.rightAt = 0
    watch.isGreeted = false
  }

  /** It may be ahead of its token, never behind, and never goes back. */
  #judgeAtToken(watch: Watch): void {
    if (watch.token === undefined || !watch.hasValue) return
    const [epoch, text] = watch.token.split('.')
    const { states, position: newest, epoch: present } = this.history
    if (epoch !== present || !states.has(Number(text))) return
    this.checks++
    for (let position = Math.max(Number(text), watch.rightAt); position <= newest; position++) {
      const state = states.get(position)
      if (state === undefined || !isDeepStrictEqual(watch.value, expected(state, watch.route, watch.user))) continue
      watch.rightAt = position
      return
    }
    const state = states.get(Number(text)) ?? new Map()
    const where = `${watch.route} of ${watch.user ?? 'a visitor'} at ${watch.token}, right at ${watch.rightAt} before`
    assert.deepEqual(watch.value, expected(state, watch.route, watch.user), where)
    assert.fail(`${where}: it went back`)
  }

  #judge(watch: Watch, state: State, when: string): void {
    this.checks++
    const right = expected(state, watch.route, watch.user)
    if (!isDeepStrictEqual(watch.value, right)) {
      assert.deepEqual(watch.value, right, `${watch.route} of ${watch.user ?? 'a visitor'} ${when}`)
    }
  }
}
