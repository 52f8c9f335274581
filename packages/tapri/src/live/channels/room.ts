import type { Clock } from '../../kit/clock.ts'
import { Outgoing } from '../outgoing.ts'
import type { Forerunners } from './forerunners.ts'
import { frameText, messageText } from './frames.ts'
import { Members, placeOf } from './members.ts'
import { Passage, type PassageListener } from './passage.ts'
import type { Passing } from './passing.ts'
import type { Presence, PresenceRow } from './presence.ts'
import type { ChannelBus } from './seam.ts'
import type { KeptMessage } from './store.ts'
import type { ChannelDefinition } from './types.ts'

/** Somebody in the room, as the room sees it. */
export interface Listener extends PassageListener {
  /** A kept message; those before it have come, or can be read. */
  deliver(number: number, frame: Outgoing): void
  /** Members have come or gone. */
  tellMembers(frame: Outgoing): void
  /** Something kept may have been said that did not come. */
  onLost(): void
}

export interface RoomParts {
  /** The name of the channel with the values of its path. */
  readonly key: string
  /** `chat` */
  readonly name: string
  readonly topic: number
  /** Which node this is. */
  readonly node: string
  readonly definition: ChannelDefinition
  readonly bus: ChannelBus
  readonly forerunners: Forerunners
  readonly presence: Presence
  readonly clock: Clock
}

/** In larger rooms those who come and go are told of together. */
const smallRoom = 50
const membersEvery = 250

/** One channel on this node: everybody here who is in it, and what reaches them. */
export class Room {
  readonly parts: RoomParts
  readonly members = new Members()
  /** The number of the last message that was heard of. */
  heard = 0
  readonly #listeners = new Set<Listener>()
  /** What was heard of members while the others were being read. */
  #early: { readonly row: PresenceRow; readonly isThere: boolean }[] | undefined
  readonly #passage: Passage
  #cancelTelling: (() => void) | undefined
  #opening: Promise<void> | undefined
  /** Changes were missed while the members were being read. */
  #isLostAgain = false

  constructor(parts: RoomParts) {
    this.parts = parts
    this.#passage = new Passage(parts, this.#listeners)
  }

  get isEmpty(): boolean {
    return this.#listeners.size === 0
  }

  /** Resolves when everything that is said from now on is heard, and it is known who is there. */
  open(): Promise<void> {
    this.#opening ??= this.#open()
    return this.#opening
  }

  async close(): Promise<void> {
    this.#cancelTelling?.()
    await this.#opening?.catch(() => {})
    await this.#passage.close()
  }

  add(listener: Listener): void {
    this.#listeners.add(listener)
  }

  remove(listener: Listener): void {
    this.#listeners.delete(listener)
  }

  onMessage(message: KeptMessage): void {
    this.heard = Math.max(this.heard, message.number)
    const frame = this.frameOf(message)
    for (const listener of [...this.#listeners]) listener.deliver(message.number, frame)
  }

  frameOf(message: KeptMessage): Outgoing {
    return new Outgoing(messageText(this.parts.topic, message))
  }

  /** Passes on what is not kept, here and to the other nodes. */
  pass(said: Passing, from: Listener): Promise<void> {
    return this.#passage.pass(said, from)
  }

  /** The bus may have lost something. */
  onGap(): void {
    this.#passage.onGap()
  }

  onMember(row: PresenceRow, isThere: boolean): void {
    if (this.#early !== undefined) this.#early.push({ row, isThere })
    else {
      this.#place(row, isThere)
      this.#tellSoon()
    }
  }

  onDead(node: string): void {
    this.members.removeNode(node)
    this.#tellSoon()
  }

  /** Changes of the tables were missed: what was said up to the number is read anew, and who is there. */
  async onLost(last: number): Promise<void> {
    this.heard = Math.max(this.heard, last)
    for (const listener of [...this.#listeners]) listener.onLost()
    await this.refresh()
  }

  /** Who is there is read anew. */
  async refresh(): Promise<void> {
    if (!this.parts.definition.hasPresence) return
    this.#isLostAgain = true
    await this.open()
    if (this.#early !== undefined) return
    while (this.#isLostAgain) {
      this.#isLostAgain = false
      await this.#readMembers((presence, key) => presence.reload(key))
    }
    this.#tellSoon()
  }

  /** The list as it was told, for somebody who has not heard all of it. */
  wholeList(): Outgoing {
    const { topic } = this.parts
    const { count } = this.members
    return new Outgoing(frameText({ type: 'members', topic, joined: this.members.list(), left: [], count, isWhole: true }))
  }

  async #open(): Promise<void> {
    const { definition, key } = this.parts
    await this.#passage.open()
    if (!definition.hasPresence) return
    await this.#readMembers((presence) => presence.load(key))
    this.members.difference()
  }

  async #readMembers(read: (presence: Presence, key: string) => AsyncIterable<readonly PresenceRow[]>): Promise<void> {
    const { presence, key } = this.parts
    const early: { readonly row: PresenceRow; readonly isThere: boolean }[] = []
    this.#early = early
    try {
      const there = new Set<string>()
      for await (const rows of read(presence, key)) {
        for (const row of rows) {
          this.#place(row, true)
          there.add(placeOf(row))
        }
      }
      this.members.retain(there)
    } finally {
      for (const { row, isThere } of early) this.#place(row, isThere)
      this.#early = undefined
    }
  }

  #place({ node, member, facts }: PresenceRow, isThere: boolean): void {
    if (isThere) this.members.set(node, member, facts)
    else this.members.remove(node, member)
  }

  #tellSoon(): void {
    if (this.#listeners.size <= smallRoom) this.#tellMembers()
    else this.#cancelTelling ??= this.parts.clock.after(membersEvery, () => this.#tellMembers())
  }

  #tellMembers(): void {
    this.#cancelTelling?.()
    this.#cancelTelling = undefined
    const before = this.members.told
    const { count } = this.members
    const difference = this.members.difference()
    if (difference === undefined && count === before) return
    const { topic } = this.parts
    const frame = new Outgoing(frameText({ type: 'members', topic, joined: [], left: [], ...difference, count }))
    for (const listener of [...this.#listeners]) listener.tellMembers(frame)
  }
}
