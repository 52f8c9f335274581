import type { BadLine } from './bad-line.fixture.ts'
import type { Question } from './questions.fixture.ts'

/** One subscription and all that it has shown. */
export interface Watch {
  readonly question: Question
  readonly shown: unknown[]
  readonly stop: () => void
  ended: string | undefined
}

/** One client: a visitor, or a session of a user. */
export interface Member {
  readonly user: string | null
  readonly token: string | undefined
  readonly line: BadLine
  readonly api: any
  readonly watches: Watch[]
  /** The place of its node. */
  home: number
  isSignedOut: boolean
}
