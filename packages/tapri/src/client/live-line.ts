import type { Token } from '../kit/protocol.ts'
import type { LiveOptions } from './types.ts'

export interface FollowOptions extends LiveOptions {
  /** Where the answer stands now: after every frame that tells, and after `onChange` when that frame changed the answer. */
  readonly onAt?: (at: Token) => void
}

/** What brings live answers. */
export interface LiveLine {
  /** The answer ends it. */
  subscribe(
    route: string,
    input: Readonly<Record<string, unknown>>,
    onChange: (value: unknown) => void,
    options?: FollowOptions,
  ): () => void
  /** Resolves once every frame has been handled that the server sends for what was committed up to `at`. */
  sync(at?: Token): Promise<void>
}
