import { apply, diff, type Patch } from '../kit/patch.ts'
import type { CurrentFrame, PatchFrame, SnapshotFrame } from '../kit/protocol.ts'

/** What one subscription holds of its answer. */
export class Held {
  value: unknown
  #isEmpty = true
  #at: string | undefined
  #etag: string | undefined

  /** Names the value for the server; undefined when it must send the whole. */
  get etag(): string | undefined {
    return this.#etag
  }

  /**
   * Takes a frame. `changed`: the value is another now. `lost`: the frame does not follow what is held, so the answer must be
   * asked for again.
   */
  take(frame: SnapshotFrame | PatchFrame | CurrentFrame): 'changed' | 'same' | 'lost' {
    if (frame.type === 'snapshot') return this.#takeWhole(frame)
    if (frame.type === 'patch') return frame.from === this.#at ? this.#takePatch(frame) : this.#lose()
    if (this.#etag === undefined) return this.#lose()
    this.#at = frame.at
    return 'same'
  }

  #takeWhole({ value, at, etag }: SnapshotFrame): 'changed' | 'same' {
    const patch: Patch | undefined = this.#isEmpty ? { set: value } : diff(this.value, value)
    this.#isEmpty = false
    this.#at = at
    this.#etag = etag
    if (patch === undefined) return 'same'
    // what did not change while nobody was connected stays the same object
    this.value = apply(this.value, patch)
    return 'changed'
  }

  #takePatch({ ops, to, etag }: PatchFrame): 'changed' | 'lost' {
    try {
      this.value = apply(this.value, ops)
    } catch {
      // it does not fit what is held, which only the whole value can heal
      return this.#lose()
    }
    this.#at = to
    this.#etag = etag
    return 'changed'
  }

  #lose(): 'lost' {
    this.#at = undefined
    this.#etag = undefined
    return 'lost'
  }
}
