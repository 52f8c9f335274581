import { apply, diff, type Patch } from '../kit/patch.ts'
import type { CurrentFrame, PieceFrame, SnapshotFrame, Token, TopicChange } from '../kit/protocol.ts'
import { decodeWire } from '../kit/wire.ts'

/** What a frame has made of what is held. `lost`: it does not follow, so the answer must be asked for again. */
export type Taken = 'changed' | 'same' | 'lost'

/** What one subscription holds of its answer. */
export class Held {
  value: unknown
  /** Whose changes are changes of this value. */
  topic: number | undefined
  /** Where the value stands: everything up to this token is in it. */
  at: Token | undefined
  /** Names the value for the server; undefined when it must send the whole. */
  etag: string | undefined
  #isEmpty = true
  #pieces: string[] = []

  takePiece({ n, text }: PieceFrame): void {
    if (n === 0) this.#pieces = []
    if (n === this.#pieces.length) this.#pieces.push(text)
  }

  takeWhole(frame: SnapshotFrame): Taken {
    const pieces = this.#pieces
    this.#pieces = []
    if (frame.pieces !== undefined && frame.pieces !== pieces.length) return this.#lose()
    const value = frame.pieces === undefined ? frame.value : decodeWire(pieces.join(''))
    const patch: Patch | undefined = this.#isEmpty ? { set: value } : diff(this.value, value)
    this.#isEmpty = false
    this.topic = frame.topic
    this.at = frame.at
    this.etag = frame.etag
    if (patch === undefined) return 'same'
    // what did not change while nobody was connected stays the same object
    this.value = apply(this.value, patch)
    return 'changed'
  }

  takeCurrent({ topic, at, changes = [] }: CurrentFrame): Taken {
    this.#pieces = []
    if (this.etag === undefined) return this.#lose()
    this.topic = topic
    return this.takeChanges(changes, at)
  }

  /** Takes changes of its topic, in their order, and those of others for nothing. */
  takeChanges(changes: readonly TopicChange[], at: Token): Taken {
    const own = changes.filter(({ topic }) => topic === this.topic)
    const first = own.findIndex(({ from }) => from === this.etag)
    // another subscription to the same topic may be behind this one, which was sent the whole a moment ago
    if (first === -1 && own.length > 0 && own.at(-1)?.etag !== this.etag) return this.#lose()
    const following = first === -1 ? [] : own.slice(first)
    let { value, etag } = this
    try {
      for (const change of following) {
        if (change.from !== etag) return this.#lose()
        value = apply(value, change.ops)
        etag = change.etag
      }
    } catch {
      // it does not fit what is held, which only the whole value can heal
      return this.#lose()
    }
    // all at once: of what was taken only in part nobody would be told when the whole value turns out to be the same
    this.value = value
    this.etag = etag
    this.at = at
    return following.length === 0 ? 'same' : 'changed'
  }

  /** The connection is another: the topics of the one before mean nothing. */
  disconnect(): void {
    this.topic = undefined
    this.#pieces = []
  }

  #lose(): 'lost' {
    this.disconnect()
    this.at = undefined
    this.etag = undefined
    return 'lost'
  }
}
