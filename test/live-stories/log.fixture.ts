import type { Change, Commit, Database } from '../../packages/tapri/src/data/index.ts'
import { dataError } from '../../packages/tapri/src/data/index.ts'
import type { State } from './club.fixture.ts'

/** Everything that was committed, and what was so after each commit. */
export class History {
  epoch = 'e1'
  commits: Commit[] = []
  /** Commits up to this position are forgotten. */
  forgotten: number
  readonly states = new Map<number, State>()
  #state: State = new Map()
  #position: number

  constructor(position: number) {
    this.#position = position
    this.forgotten = position
    this.states.set(position, this.#state)
  }

  get position(): number {
    return this.#position
  }

  get state(): State {
    return this.#state
  }

  add(commit: Commit): void {
    this.#state = changed(this.#state, commit.changes)
    this.#position = commit.position
    this.commits.push(commit)
    this.states.set(commit.position, this.#state)
  }

  /** Another database, in the state that it is in by now: one that was restored. */
  begin(): void {
    this.epoch = `e${Number(this.epoch.slice(1)) + 1}`
    this.forget(this.#position)
    this.states.clear()
    this.states.set(this.#position, this.#state)
  }

  forget(position: number): void {
    this.forgotten = Math.max(this.forgotten, position)
    this.commits = this.commits.filter((commit) => commit.position > position)
  }
}

function changed(state: State, changes: readonly Change[]): State {
  const next = new Map([...state].map(([model, rows]) => [model, new Map(rows)]))
  for (const { model, id, after } of changes) {
    const rows = next.get(model) ?? new Map()
    next.set(model, rows)
    if (after === null) rows.delete(id)
    else rows.set(id, after)
  }
  return next
}

/** The log as one node hears of it: as late as it is let. */
export class LaggingLog {
  readonly epoch: string
  readonly #history: History
  readonly #models: readonly string[]
  readonly #listeners = new Set<(commit: Commit) => void>()
  #position: number

  constructor(history: History, models: readonly string[]) {
    this.#history = history
    this.#models = models
    this.epoch = history.epoch
    this.#position = history.position
  }

  get changes(): Pick<Database['changes'], 'epoch' | 'hearsOthers' | 'position' | 'subscribe' | 'since'> {
    return {
      epoch: this.epoch,
      hearsOthers: false,
      position: () => this.#position,
      subscribe: (listener) => {
        this.#listeners.add(listener)
        return () => this.#listeners.delete(listener)
      },
      since: async (position, limit) => {
        if (this.#history.forgotten > position) throw dataError('TAPRI_DATA_CHANGES_GONE', 'forgotten')
        const commits = this.#history.commits.filter((commit) => commit.position > position).slice(0, limit)
        // an answer of a database is a moment old when it comes
        for (let turn = 1 + ((position * 7) % 12); turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve))
        return commits
      },
    }
  }

  /** Hears of the next commit; where it is forgotten, of what a tail tells then: that anything may have changed. */
  advance(): void {
    const { commits, forgotten } = this.#history
    if (forgotten > this.#position) {
      this.announceGap(forgotten)
      return
    }
    const next = commits.find((commit) => commit.position > this.#position)
    if (next !== undefined) this.#announce(next)
  }

  announceGap(position: number): void {
    const changes = this.#models.map((model) => ({ model, id: '', before: null, after: null }))
    this.#announce({ position, at: 0, changes })
  }

  /** Goes on without a word. */
  skipTo(position: number): void {
    this.#position = position
  }

  get isBehind(): boolean {
    return this.#position < this.#history.position
  }

  #announce(commit: Commit): void {
    this.#position = commit.position
    for (const listener of this.#listeners) listener(commit)
  }
}
