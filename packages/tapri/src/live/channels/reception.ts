import { Outgoing } from '../outgoing.ts'
import { Hearing, type HearingLine } from './hearing.ts'
import type { Passing } from './passing.ts'
import type { Listener, Room } from './room.ts'
import type { MessageStore } from './store.ts'

/** Whoever receives it. */
interface ReceptionOwner {
  /** Whether it is known, after every commit so far, that it may be heard. */
  readonly isCertain: boolean
  /** Whether its socket reads as fast as it is written to. */
  readonly hasRoom: boolean
  /** Asks anew whether it may be heard; false when it may not. */
  confirm(): Promise<boolean>
  /** Has `catchUp` called once it is known that it may be heard. */
  resumeLater(): void
  put(frame: Outgoing): void
  tellMissed(): void
}

/** So much is held back, while nobody knows whether it may be heard. */
const mostHeld = 100

/** What one member hears of a room: held back in doubt, left out where its socket is slow, made up for later. */
export class Reception implements Listener, HearingLine {
  readonly room: Room
  readonly #topic: number
  readonly #owner: ReceptionOwner
  #hearing: Hearing | undefined
  #isBegun = false
  /** Whether messages that are not kept were left out. */
  #isMissing = false
  /** Whether members came or went that were not told of. */
  #isListOld = false
  /** What may be heard once that is known. */
  #held: Outgoing[] = []

  /** `topic` is what its frames are told apart by. */
  constructor(room: Room, topic: number, owner: ReceptionOwner) {
    this.room = room
    this.#topic = topic
    this.#owner = owner
  }

  /** Whether the client has been told that it is in. */
  get isBegun(): boolean {
    return this.#isBegun
  }

  get isOpen(): boolean {
    return this.#owner.isCertain && this.#owner.hasRoom
  }

  /** Whether something was not written that is to be. */
  get isBehind(): boolean {
    return this.#isMissing || this.#isListOld || this.#held.length > 0 || this.#hearing?.isBehind === true
  }

  begin(): void {
    this.#isBegun = true
  }

  /** Reads what is kept behind the number, or all of it; then what is said is heard as it comes. */
  async hear(store: MessageStore, since: number | undefined): Promise<void> {
    this.#hearing = new Hearing(this.room, store, this)
    await this.#hearing.start(since)
  }

  deliver(number: number, frame: Outgoing): void {
    this.#hearing?.deliver(number, frame)
    // when it may not be heard now, or there is no room, it is read once it may and there is
    if (this.#hearing?.isBehind === true && this.#owner.hasRoom) this.#owner.resumeLater()
  }

  tell(frame: Outgoing, kind: Passing['kind']): void {
    if (!this.#isBegun) return
    const { isCertain, hasRoom } = this.#owner
    const isNext = this.#held.length === 0
    if (isNext && isCertain && hasRoom) this.write(frame)
    // nothing is held for a slow reader; but what is held is not overtaken
    else if (this.#held.length < mostHeld && !(isNext && isCertain)) this.#held.push(frame)
    else if (kind === 'message') this.#isMissing = true
    if (!isCertain) this.#owner.resumeLater()
  }

  tellMembers(frame: Outgoing): void {
    if (!this.#isBegun) return
    if (this.isOpen && !this.#isListOld) this.write(frame)
    else {
      // the whole list later
      this.#isListOld = true
      if (!this.#owner.isCertain) this.#owner.resumeLater()
    }
  }

  onMissed(): void {
    if (!this.#isBegun) return
    this.#isMissing = true
    this.#owner.resumeLater()
  }

  onLost(): void {
    if (this.isBehind) this.#owner.resumeLater()
  }

  confirm(): Promise<boolean> {
    return this.#owner.confirm()
  }

  /** Writes a frame of the room's topic. */
  write(frame: Outgoing): void {
    const { topic } = this.room.parts
    const isOwn = this.#topic === topic
    this.#owner.put(isOwn ? frame : new Outgoing(frame.text.replace(`"topic":${topic},`, `"topic":${this.#topic},`)))
  }

  tellMissed(): void {
    this.#owner.tellMissed()
  }

  /** Tells what was held back, or could not be told, and reads on. */
  async catchUp(): Promise<void> {
    if (this.isOpen) this.#tellHeld()
    await this.#hearing?.resume()
  }

  stop(): void {
    this.#held = []
    this.room.remove(this)
  }

  #tellHeld(): void {
    for (const frame of this.#held.splice(0)) this.write(frame)
    if (this.#isListOld) this.write(this.room.wholeList())
    if (this.#isMissing) this.tellMissed()
    this.#isListOld = false
    this.#isMissing = false
  }
}
