import type { Clock } from '../../kit/clock.ts'
import { newId } from '../../kit/ids.ts'
import type { Log } from '../../observe/index.ts'
import { Burial } from './burial.ts'
import { Lease, leaseTime } from './lease.ts'
import type { ChannelDb } from './models.ts'
import { Neighbours } from './neighbours.ts'

const tickEvery = 2_500

export interface NodesOptions {
  readonly clock: Clock
  readonly log: Log
  begin(work: () => Promise<void>): void
  /** Called with a node whose members are all gone. */
  onDead(node: string): void
  /** Called when a node lives that was taken for dead: who is where is to be read anew. */
  onReturn(): void
}

/**
 * Which nodes live: each renews its lease in the database. One that is killed does so no more; the others then take it for dead,
 * each by its own clock, and remove what it has left.
 */
export class Nodes {
  readonly own = newId()
  readonly lease: Lease
  readonly #options: NodesOptions
  readonly #db: ChannelDb
  readonly #burial: Burial
  readonly #neighbours: Neighbours
  readonly #burying = new Set<string>()
  #isLooking = false
  #isRenewing = false
  /** Whether the database could not be asked lately: the others may not have been able to renew their leases either. */
  #isBlind = false
  #stopTick: () => void

  constructor(options: NodesOptions, db: ChannelDb) {
    const { clock } = options
    this.#options = options
    this.#db = db
    this.lease = new Lease(this.own, db, clock)
    this.#neighbours = new Neighbours(options)
    this.#burial = new Burial({ db, now: () => clock.now(), lives: (node) => this.lives(node) })
    this.#stopTick = clock.after(tickEvery, () => this.#tick())
  }

  /** Whether it is this one, or one that was heard of and not taken for dead. */
  lives(node: string): boolean {
    return node === this.own || this.#neighbours.has(node)
  }

  /** The log tells of something that the node has written. */
  onSign(node: string): void {
    if (node !== this.own) this.#neighbours.meet(node, this.#neighbours.expiresOf(node))
  }

  /** The log tells of its lease; it was removed when that has no end. */
  onLease(node: string, expires: number | undefined): void {
    if (node === this.own) {
      if (expires === undefined && this.lease.isWanted) this.#renewAgain()
    } else if (expires !== undefined) this.#neighbours.meet(node, expires)
    else this.#neighbours.lose(node)
  }

  /** Looks up the leases of nodes that were not heard of yet. */
  async acquaint(nodes: ReadonlySet<string>, db: ChannelDb): Promise<void> {
    const strangers = [...nodes].filter((node) => !this.lives(node))
    if (strangers.length === 0) return
    const leases = await readLeases(strangers, db)
    const now = this.#options.clock.now()
    for (const node of strangers) {
      const expires = leases.get(node) ?? now
      const left = expires - now
      if (left > 0) this.#neighbours.learn(node, { heard: now - Math.max(0, leaseTime - left), expires })
      else this.#buryLater(node)
    }
  }

  /** Removes what nodes have left that died when nobody saw it. */
  sweep(): Promise<void> {
    return this.#burial.sweep()
  }

  /** Takes away everybody of this node. */
  async stop(): Promise<void> {
    this.#stopTick()
    if (!this.lease.isWanted) return
    await this.lease.end()
    await this.#burial.buryOwn(this.own)
  }

  #tick(): void {
    this.#stopTick = this.#options.clock.after(tickEvery, () => this.#tick())
    const late = this.#neighbours.late()
    if (late.length > 0) this.#lookLater(late)
    if (this.lease.isWanted) this.#renewLater()
  }

  /** That nothing was heard of them may be the fault of this node, or of the log: they live when their leases move. */
  #lookLater(late: readonly string[]): void {
    if (this.#isLooking) return
    this.#isLooking = true
    this.#begin(async () => {
      try {
        await this.#look(late)
      } finally {
        this.#isLooking = false
      }
    })
  }

  async #look(late: readonly string[]): Promise<void> {
    const { clock } = this.#options
    const began = clock.now()
    const leases = await readLeases(late, this.#db)
    // after a time in which nobody could ask the database it tells nothing that leases have not moved: the next look does
    const isFirst = this.#isBlind || clock.now() - began >= tickEvery
    this.#isBlind = false
    for (const node of late) {
      // it may have been heard of meanwhile
      if (!this.#neighbours.isLate(node)) continue
      const expires = leases.get(node)
      const hasMoved = expires !== undefined && expires !== this.#neighbours.expiresOf(node)
      if (isFirst || hasMoved) this.#neighbours.meet(node, expires)
      else this.#giveUp(node)
    }
  }

  #giveUp(node: string): void {
    this.#options.log.event('live.node.gone', { node })
    this.#neighbours.lose(node)
    this.#buryLater(node)
  }

  /** Others took this node for dead, and were wrong. */
  #renewAgain(): void {
    this.lease.lost()
    this.#renewLater()
  }

  #renewLater(): void {
    if (this.#isRenewing) return
    this.#isRenewing = true
    this.#begin(async () => {
      try {
        await this.lease.renew()
      } finally {
        this.#isRenewing = false
      }
    })
  }

  /** What fails is tried again by the next tick. */
  #begin(work: () => Promise<void>): void {
    this.#options.begin(async () => {
      try {
        await work()
      } catch (error) {
        this.#isBlind = true
        this.#options.log.event('live.presence.failed', { error }, 'warn')
      }
    })
  }

  #buryLater(node: string): void {
    if (this.#burying.has(node)) return
    this.#burying.add(node)
    this.#options.begin(async () => {
      try {
        await this.#burial.bury(node)
      } catch (error) {
        // a sweep does it
        this.#options.log.event('live.presence.failed', { node, error }, 'warn')
      } finally {
        this.#burying.delete(node)
      }
    })
  }
}

/** When each ends, of those that there are. */
async function readLeases(nodes: readonly string[], db: ChannelDb): Promise<Map<string, number>> {
  const leases = await db.tapri_nodes.find({ where: { node: { in: [...nodes] } }, limit: nodes.length })
  return new Map(leases.map(({ node, expires }) => [node, expires.getTime()]))
}
