import type { Token } from '../kit/protocol.ts'
import type { FollowedValue } from './live-value.ts'
import { notify } from './notify.ts'
import { isReached } from './token.ts'

/** A write whose change is shown before the server has answered. */
export interface ShownWrite {
  /** `waiting`: never sent; `asked`: it was, and may be done or not; `done`: it is, and seen at `at`. */
  readonly stage: 'waiting' | 'asked' | 'done'
  readonly at: Token | undefined
  /** Everything has come that the server sends for `at`. */
  readonly isSeen: boolean
}

interface Shown {
  readonly write: ShownWrite
  readonly change: (value: unknown) => unknown
}

interface Value {
  readonly value: unknown
}

/** What the server has sent of one answer, under the changes of writes that are not in it yet. */
export class ShownAnswer {
  /** Where it is seen. */
  readonly #value: FollowedValue
  /** As it was sent last. */
  #sent: Value | undefined
  /** What is shown of that, below the changes. */
  #base: Value | undefined
  /** Of what was sent last; unknown until a frame has told. */
  #at: Token | undefined
  #shown: readonly Shown[] = []
  /** What the present value was made from. */
  #made: { readonly base: Value | undefined; readonly shown: readonly Shown[] } = { base: undefined, shown: [] }

  constructor(value: FollowedValue) {
    this.#value = value
  }

  take(value: unknown): void {
    this.#sent = { value }
    this.#at = undefined
    this.refresh()
  }

  /** What was sent last stands there by now; further, when it is told of a place before where it stood already. */
  reach(at: Token): void {
    if (this.#at === undefined || isReached(at, this.#at)) this.#at = at
    this.refresh()
  }

  /** Shows the change of a write until the server's answer has it. What it throws at first is thrown here. */
  show(write: ShownWrite, change: (value: unknown) => unknown): void {
    const { isReady, value } = this.#value.state
    if (isReady) change(value)
    this.#shown = [...this.#shown, { write, change }]
    this.refresh()
  }

  /** Forgets the change of a write that has changed nothing. */
  drop(write: ShownWrite): void {
    this.#forget((shown) => shown.write === write)
    this.refresh()
  }

  /** Whether the change of a write is still shown. */
  shows(write: ShownWrite): boolean {
    return this.#shown.some((shown) => shown.write === write)
  }

  /** Shows what is to be seen by now. */
  refresh(): void {
    const made = this.#make()
    if (made !== undefined) this.#value.take(made.value)
  }

  /**
   * What is to be seen by now; undefined when that is what was to be seen before. What was sent last is not shown while nobody
   * knows which of the writes are in it.
   */
  #make(): Value | undefined {
    if (this.#base === undefined || !this.#shown.some(({ write }) => this.#isInDoubt(write))) {
      this.#base = this.#sent
      this.#forget(({ write }) => this.#has(write))
    }
    // a change that runs again makes another value, though an equal one
    if (this.#base === undefined || (this.#base === this.#made.base && this.#shown === this.#made.shown)) return undefined
    this.#made = { base: this.#base, shown: this.#shown }
    return { value: this.#shown.reduce((before, { change }) => changed(before, change), this.#base.value) }
  }

  #forget(isOver: (shown: Shown) => boolean): void {
    if (this.#shown.some(isOver)) this.#shown = this.#shown.filter((shown) => !isOver(shown))
  }

  #has({ at, isSeen }: ShownWrite): boolean {
    return isSeen || (at !== undefined && this.#at !== undefined && isReached(this.#at, at))
  }

  #isInDoubt({ stage, isSeen }: ShownWrite): boolean {
    return stage === 'asked' || (stage === 'done' && !isSeen && this.#at === undefined)
  }
}

/** A change that does not fit any more is left out, and what it threw is told as what a listener throws is. */
function changed(before: unknown, change: (value: unknown) => unknown): unknown {
  let after = before
  notify(() => {
    after = change(before)
  })
  return after
}
