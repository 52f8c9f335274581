import type { Log } from '../observe/index.ts'
import { dataError } from './errors.ts'

/** More reasons than this are hardly reasons: somebody writes ids into them. */
const mostReasons = 500
const longestReason = 100
const others = 'other reasons'

/** Who goes past the policies, why, and how often. */
export class SystemUses {
  readonly #counts = new Map<string, number>()
  readonly #log: Log | undefined

  constructor(log: Log | undefined) {
    this.#log = log
  }

  /** @throws TAPRI_DATA_REASON */
  count(reason: unknown, user: string | null): void {
    if (typeof reason !== 'string' || reason.trim() === '' || reason.length > longestReason) {
      throw dataError(
        'TAPRI_DATA_REASON',
        `Cannot use db.asSystem without a reason: say in a few words why no policy should apply, like db.asSystem('count a view')`,
      )
    }
    const counted = this.#counts.has(reason) || this.#counts.size < mostReasons ? reason : others
    this.#counts.set(counted, (this.#counts.get(counted) ?? 0) + 1)
    this.#log?.event('data.system.used', { reason, user }, 'debug')
  }

  /** How often, by reason. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts
  }
}
