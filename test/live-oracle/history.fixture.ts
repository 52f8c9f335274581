import type { Commit } from '../../packages/tapri/src/data/index.ts'
import { answerOf, type State } from './answers.fixture.ts'
import type { Question, Rules } from './questions.fixture.ts'

/** All that was ever so, commit by commit, from the log. */
export class History {
  readonly #states: State[] = [new Map()]
  readonly #rules: Rules
  readonly #ends = new Map<string, number>()
  readonly #answers = new Map<string, unknown[]>()

  constructor(commits: readonly Commit[], rules: Rules) {
    this.#rules = rules
    let state: ReadonlyMap<string, ReadonlyMap<string, any>> = new Map()
    for (const { changes } of commits) {
      const next = new Map(state)
      for (const { model, id, before, after } of changes) {
        if (model === 'tapri_sessions' && after === null) this.#ends.set(String(before?.tokenHash), this.#states.length)
        const rows = new Map(next.get(model))
        if (after === null) rows.delete(id)
        else rows.set(id, after)
        next.set(model, rows)
      }
      state = next
      this.#states.push(next)
    }
  }

  get length(): number {
    return this.#states.length
  }

  /** The first moment at which the session is over. */
  endOf(tokenHash: string): number | undefined {
    return this.#ends.get(tokenHash)
  }

  answer(moment: number, question: Question, user: string | null): unknown {
    const key = `${user} ${JSON.stringify(question)}`
    const known = this.#answers.get(key) ?? []
    this.#answers.set(key, known)
    const state = this.#states[moment]
    if (!(moment in known) && state !== undefined) known[moment] = answerOf(state, this.#rules, question, user)
    return known[moment]
  }
}
