import type { Change, Database, Page, ReadSet } from '../../data/index.ts'
import type { Clock } from '../../kit/clock.ts'
import { newId } from '../../kit/ids.ts'
import type { Log } from '../../observe/index.ts'
import { type ChannelDb, channelDb } from './models.ts'
import { Placard } from './placard.ts'

/** A node of which nothing was heard for so long is gone. */
const lease = 10_000
const tickEvery = 2_500
const loadedAtOnce = 10_000
const buriedAtOnce = 500
/** A node that is this late was not buried by those who saw it die. */
const forgottenAfter = 60_000

export interface PresenceRow {
  readonly channel: string
  readonly node: string
  readonly member: string
  readonly facts: string
}

/** Reads rows from a cursor on. */
type ReadPage<Row> = (db: ChannelDb, after: string | undefined) => Promise<Page<Row>>

interface PresenceOptions {
  readonly database: Pick<Database, 'asSystem' | 'systemDb' | 'transactionAround'>
  readonly clock: Clock
  readonly log: Log
  begin(work: () => Promise<void>): void
  /** Called with a node whose members are all gone. */
  onDead(node: string): void
}

/**
 * Who is in which channel, in the database: a row for each member that a node has, and one for the node, its lease. A node that
 * is killed renews it no more; the others then take its members for gone, each by its own clock, and remove the rows.
 */
export class Presence {
  readonly node = newId()
  readonly #options: PresenceOptions
  readonly #db: ChannelDb
  readonly #placards = new Map<string, Placard>()
  /** When something was heard of the other nodes. */
  readonly #heard = new Map<string, number>()
  readonly #burying = new Set<string>()
  #isLeased = false
  #isProlonging = false
  #stopTick: () => void

  constructor(options: PresenceOptions) {
    this.#options = options
    this.#db = channelDb(options.database.asSystem)
    this.#stopTick = options.clock.after(tickEvery, () => this.#tick())
  }

  /** Shows the member for as long as the holder, which is one of its sockets, does not leave. */
  enter(channel: string, member: string, holder: object, facts: string): void {
    const key = `${channel} ${member}`
    const placard = this.#placards.get(key) ?? new Placard({ channel, node: this.node, member }, this.#db)
    this.#placards.set(key, placard)
    placard.hold(holder, facts)
    this.#put(placard)
  }

  leave(channel: string, member: string, holder: object): void {
    const placard = this.#placards.get(`${channel} ${member}`)
    placard?.letGo(holder)
    if (placard !== undefined) this.#put(placard)
  }

  /** The members that living nodes have in the channel, some at a time, by when they came; `reads` learns of what was looked for. */
  load(channel: string, reads?: ReadSet): AsyncGenerator<readonly PresenceRow[]> {
    const query = { where: { channel }, limit: loadedAtOnce }
    return this.#load(reads, (db, after) => db.tapri_members.page({ ...query, after }))
  }

  /** How many they are. */
  async count(channel: string, reads?: ReadSet): Promise<number> {
    const query = { where: { channel }, limit: loadedAtOnce, select: { node: true, member: true } } as const
    const members = new Set<string>()
    for await (const rows of this.#load(reads, (db, after) => db.tapri_members.page({ ...query, after }))) {
      for (const { member } of rows) members.add(member)
    }
    return members.size
  }

  /** The same where changes were missed: what this node shows of its own there is put back if it is gone. */
  async *reload(channel: string): AsyncGenerator<readonly PresenceRow[]> {
    const own = new Set<string>()
    for await (const rows of this.load(channel)) {
      for (const { node, member } of rows) if (node === this.node) own.add(member)
      yield rows
    }
    for (const placard of this.#placards.values()) {
      if (placard.of.channel !== channel || own.has(placard.of.member)) continue
      placard.doubt()
      this.#put(placard)
    }
  }

  /** Learns from a change of the tables who lives; answers the row when it is one of a member. */
  onChange({ model, before, after }: Change): { readonly row: PresenceRow; readonly isThere: boolean } | undefined {
    const row = after ?? before
    if (row === null) return undefined
    const node = String(row.node)
    if (model === 'tapri_nodes') {
      if (after !== null) this.#hear(node)
      else if (this.#heard.delete(node)) this.#options.onDead(node)
    }
    if (model !== 'tapri_members') return undefined
    const { channel, member, facts } = row
    const told = { channel: String(channel), node, member: String(member), facts: String(facts) }
    if (after !== null) this.#hear(node)
    else if (node === this.node) this.#restore(told, row.id)
    return { row: told, isThere: after !== null }
  }

  /** Removes what nodes have left that died when nobody saw it. */
  async sweep(): Promise<void> {
    const expires = { lte: new Date(this.#options.clock.now() - forgottenAfter) }
    for (const { node } of await this.#db.tapri_nodes.find({ where: { expires }, limit: buriedAtOnce })) {
      if (node !== this.node) await this.#bury(node)
    }
  }

  /** Takes away everybody of this node. */
  async stop(): Promise<void> {
    this.#stopTick()
    this.#placards.clear()
    if (this.#isLeased) await this.#bury(this.node)
  }

  async *#load<Row extends { readonly node: string }>(reads: ReadSet | undefined, read: ReadPage<Row>): AsyncGenerator<Row[]> {
    const { database } = this.#options
    const around = database.transactionAround()
    const db = channelDb(around ?? (reads === undefined ? database.asSystem : database.systemDb({ reads })))
    for (let next: string | null | undefined; next !== null; ) {
      const page: Page<Row> = await read(db, next)
      // leases are renewed all the time: nobody follows them
      await this.#acquaint(new Set(page.rows.map(({ node }) => node)), around === undefined ? this.#db : db)
      yield page.rows.filter(({ node }) => node === this.node || this.#heard.has(node))
      next = page.next
    }
  }

  #put(placard: Placard): void {
    this.#options.begin(async () => {
      try {
        if (placard.isWanted) await this.#renew()
        await placard.settle()
        if (placard.isDone) this.#forget(placard)
      } catch (error) {
        // the next tick tries again
        this.#options.log.event('live.presence.failed', { channel: placard.of.channel, error }, 'warn')
      }
    })
  }

  #forget(placard: Placard): void {
    const key = `${placard.of.channel} ${placard.of.member}`
    if (this.#placards.get(key) === placard) this.#placards.delete(key)
  }

  /** Others took this node for dead, and were wrong. */
  #restore({ channel, member }: PresenceRow, id: string): void {
    const placard = this.#placards.get(`${channel} ${member}`)
    if (placard?.lost(id) === true) this.#put(placard)
  }

  #tick(): void {
    const { clock, onDead, log } = this.#options
    this.#stopTick = clock.after(tickEvery, () => this.#tick())
    const now = clock.now()
    for (const [node, heard] of [...this.#heard]) {
      if (now - heard < lease) continue
      this.#heard.delete(node)
      log.event('live.node.gone', { node })
      onDead(node)
      this.#buryLater(node)
    }
    for (const placard of this.#placards.values()) if (!placard.isSettled) this.#put(placard)
    if (this.#isLeased && !this.#isProlonging) this.#prolongLater()
  }

  #prolongLater(): void {
    this.#isProlonging = true
    this.#options.begin(async () => {
      try {
        await this.#prolong()
      } catch (error) {
        // the next tick tries again
        this.#options.log.event('live.presence.failed', { error }, 'warn')
      } finally {
        this.#isProlonging = false
      }
    })
  }

  #hear(node: string): void {
    if (node !== this.node) this.#heard.set(node, this.#options.clock.now())
  }

  /** Looks up the leases of nodes that were not heard of yet. */
  async #acquaint(nodes: ReadonlySet<string>, db: ChannelDb): Promise<void> {
    const strangers = [...nodes].filter((node) => node !== this.node && !this.#heard.has(node))
    if (strangers.length === 0) return
    const leases = await db.tapri_nodes.find({ where: { node: { in: strangers } }, limit: strangers.length })
    const now = this.#options.clock.now()
    for (const node of strangers) {
      const left = (leases.find((each) => each.node === node)?.expires.getTime() ?? now) - now
      if (left > 0) this.#heard.set(node, now - Math.max(0, lease - left))
      else this.#buryLater(node)
    }
  }

  async #renew(): Promise<void> {
    if (this.#isLeased) return
    this.#isLeased = true
    await this.#prolong()
  }

  async #prolong(): Promise<void> {
    const expires = new Date(this.#options.clock.now() + lease)
    await this.#db.tapri_nodes.upsert({ node: this.node, expires }, { on: ['node'], update: { expires } })
  }

  #buryLater(node: string): void {
    if (this.#burying.has(node)) return
    this.#burying.add(node)
    this.#options.begin(async () => {
      try {
        await this.#bury(node)
      } catch (error) {
        // a sweep does it
        this.#options.log.event('live.presence.failed', { node, error }, 'warn')
      } finally {
        this.#burying.delete(node)
      }
    })
  }

  async #bury(node: string): Promise<void> {
    for (let found = buriedAtOnce; found === buriedAtOnce; ) {
      const rows = await this.#db.tapri_members.find({ where: { node }, limit: buriedAtOnce, select: { id: true } })
      found = rows.length
      if (found > 0) await this.#db.tapri_members.deleteWhere({ id: { in: rows.map(({ id }) => id) } })
    }
    await this.#db.tapri_nodes.deleteWhere({ node })
  }
}
