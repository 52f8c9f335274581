import type { Change, Database, Page, ReadSet } from '../../data/index.ts'
import { type ChannelDb, channelDb } from './models.ts'
import { Nodes, type NodesOptions } from './nodes.ts'
import { Placard } from './placard.ts'

const tickEvery = 2_500
const loadedAtOnce = 10_000

export interface PresenceRow {
  readonly channel: string
  readonly node: string
  readonly member: string
  readonly facts: string
}

/** Reads rows from a cursor on. */
type ReadPage<Row> = (db: ChannelDb, after: string | undefined) => Promise<Page<Row>>

interface PresenceOptions extends NodesOptions {
  readonly database: Pick<Database, 'asSystem' | 'systemDb' | 'transactionAround'>
}

/** Who is in which channel, in the database: a row for each member that a node has, which counts for as long as that node lives. */
export class Presence {
  readonly #options: PresenceOptions
  readonly #db: ChannelDb
  readonly #nodes: Nodes
  readonly #placards = new Map<string, Placard>()
  #stopTick: () => void

  constructor(options: PresenceOptions) {
    this.#options = options
    this.#db = channelDb(options.database.asSystem)
    this.#nodes = new Nodes(options, this.#db)
    this.#stopTick = options.clock.after(tickEvery, () => this.#tick())
  }

  get node(): string {
    return this.#nodes.own
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
    if (model === 'tapri_nodes') this.#nodes.onLease(node, after === null ? undefined : timeOf(after.expires))
    if (model !== 'tapri_members') return undefined
    const { channel, member, facts } = row
    const told = { channel: String(channel), node, member: String(member), facts: String(facts) }
    if (after !== null) this.#nodes.onSign(node)
    else if (node === this.node) this.#restore(told, row.id)
    return { row: told, isThere: after !== null }
  }

  /** Removes what nodes have left that died when nobody saw it. */
  sweep(): Promise<void> {
    return this.#nodes.sweep()
  }

  /** Takes away everybody of this node. */
  async stop(): Promise<void> {
    this.#stopTick()
    this.#placards.clear()
    await this.#nodes.stop()
  }

  async *#load<Row extends { readonly node: string }>(reads: ReadSet | undefined, read: ReadPage<Row>): AsyncGenerator<Row[]> {
    const { database } = this.#options
    const around = database.transactionAround()
    const db = channelDb(around ?? (reads === undefined ? database.asSystem : database.systemDb({ reads })))
    for (let next: string | null | undefined; next !== null; ) {
      const page: Page<Row> = await read(db, next)
      // leases are renewed all the time: nobody follows them
      await this.#nodes.acquaint(new Set(page.rows.map(({ node }) => node)), around === undefined ? this.#db : db)
      yield page.rows.filter(({ node }) => this.#nodes.lives(node))
      next = page.next
    }
  }

  #tick(): void {
    this.#stopTick = this.#options.clock.after(tickEvery, () => this.#tick())
    for (const placard of this.#placards.values()) if (!placard.isSettled) this.#put(placard)
  }

  #put(placard: Placard): void {
    this.#options.begin(async () => {
      try {
        if (placard.isWanted) await this.#nodes.lease.take()
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
}

/** As the log tells of it. */
function timeOf(value: unknown): number {
  return value instanceof Date ? value.getTime() : new Date(String(value)).getTime()
}
