import type { MemberFacts } from '../../kit/channel-protocol.ts'
import { decodeWire } from '../../kit/wire.ts'

/** So many of a channel's members are listed; of those beyond it is told how many there are. */
export const mostListed = 1_000

export interface MemberDifference {
  readonly joined: readonly MemberFacts[]
  readonly left: readonly string[]
}

/** Where somebody is, as one text. */
export function placeOf({ node, member }: { readonly node: string; readonly member: string }): string {
  return `${node} ${member}`
}

/** Who is in one channel, by what the nodes say; somebody with two sockets, on one node or two, is one member. */
export class Members {
  /** Their facts as they travel, by member and node. */
  readonly #all = new Map<string, Map<string, string>>()
  /** The facts that were told, of those who are listed. */
  readonly #listed = new Map<string, string>()
  readonly #changed = new Set<string>()
  /** How many there were when the difference was last asked for. */
  told = 0

  get count(): number {
    return this.#all.size
  }

  list(): MemberFacts[] {
    return [...this.#listed].map(([id, facts]) => ({ id, facts: decodeWire(facts) }))
  }

  set(node: string, member: string, facts: string): void {
    const nodes = this.#all.get(member) ?? new Map<string, string>()
    this.#all.set(member, nodes)
    // the latest word is the last
    nodes.delete(node)
    nodes.set(node, facts)
    this.#changed.add(member)
  }

  remove(node: string, member: string): void {
    const nodes = this.#all.get(member)
    if (nodes?.delete(node) !== true) return
    if (nodes.size === 0) this.#all.delete(member)
    this.#changed.add(member)
  }

  /** Nobody else is there than those in these places. */
  retain(there: ReadonlySet<string>): void {
    for (const [member, nodes] of [...this.#all]) {
      for (const node of [...nodes.keys()]) if (!there.has(placeOf({ node, member }))) this.remove(node, member)
    }
  }

  removeNode(node: string): void {
    for (const member of [...this.#all.keys()]) this.remove(node, member)
  }

  /** What has changed in the list since the last time that this was asked; undefined when nothing has. */
  difference(): MemberDifference | undefined {
    this.told = this.count
    const joined: MemberFacts[] = []
    const left: string[] = []
    for (const member of this.#changed) {
      if (this.#all.has(member)) this.#list(member, joined)
      else if (this.#listed.delete(member)) left.push(member)
    }
    this.#changed.clear()
    if (this.#listed.size < Math.min(this.#all.size, mostListed)) {
      for (const member of this.#all.keys()) this.#list(member, joined)
    }
    return joined.length + left.length === 0 ? undefined : { joined, left }
  }

  #list(member: string, joined: MemberFacts[]): void {
    const told = this.#listed.get(member)
    if (told === undefined && this.#listed.size >= mostListed) return
    const facts = [...(this.#all.get(member)?.values() ?? [])].at(-1)
    if (facts === undefined || facts === told) return
    this.#listed.set(member, facts)
    joined.push({ id: member, facts: decodeWire(facts) })
  }
}
