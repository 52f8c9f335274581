import type { ChannelDb } from './models.ts'

const buriedAtOnce = 500
/** A node that is this late was not buried by those who saw it die. */
const forgottenAfter = 60_000

interface BurialOptions {
  readonly db: ChannelDb
  readonly now: () => number
  /** Whether it is known to live. */
  readonly lives: (node: string) => boolean
}

/** Removes what nodes that are gone have left: the rows of their members, and their leases. */
export class Burial {
  readonly #options: BurialOptions

  constructor(options: BurialOptions) {
    this.#options = options
  }

  /** Ends before the last row when it turns out that the node lives: that puts back what it had. */
  async bury(node: string): Promise<void> {
    if (await this.#removeMembers(node, () => this.#options.lives(node))) await this.#options.db.tapri_nodes.deleteWhere({ node })
  }

  /** The same of this node, which has nobody any more. */
  async buryOwn(node: string): Promise<void> {
    await this.#removeMembers(node, () => false)
    await this.#options.db.tapri_nodes.deleteWhere({ node })
  }

  /** Buries those that died when nobody saw it. */
  async sweep(): Promise<void> {
    const { db, now, lives } = this.#options
    const expires = { lte: new Date(now() - forgottenAfter) }
    const forgotten = await db.tapri_nodes.find({ where: { expires }, limit: buriedAtOnce })
    for (const node of [...forgotten.map(({ node }) => node), ...(await this.#withoutLease())]) {
      if (!lives(node)) await this.bury(node)
    }
  }

  /** A node takes its lease before it shows a member: what has none was left behind. */
  async #withoutLease(): Promise<string[]> {
    const { db } = this.#options
    const nodes = (await db.tapri_members.groupBy({ by: ['node'] })).map(({ node }) => node)
    if (nodes.length === 0) return []
    const leases = await db.tapri_nodes.find({ where: { node: { in: nodes } }, limit: nodes.length })
    const leased = new Set(leases.map(({ node }) => node))
    return nodes.filter((node) => !leased.has(node))
  }

  /** Answers whether all are removed. */
  async #removeMembers(node: string, isOver: () => boolean): Promise<boolean> {
    const { tapri_members: members } = this.#options.db
    for (let found = buriedAtOnce; found === buriedAtOnce; ) {
      const rows = await members.find({ where: { node }, limit: buriedAtOnce, select: { id: true } })
      found = rows.length
      if (found > 0) await members.deleteWhere({ id: { in: rows.map(({ id }) => id) } })
      if (isOver()) return false
    }
    return true
  }
}
