import fc from 'fast-check'
import { scratchDatabase } from './drivers/scratch.ts'
import { roundsOf } from './equivalence/rounds.fixture.ts'
import { plans } from './equivalence/shapes.fixture.ts'
import { openSide, type Side } from './equivalence/side.fixture.ts'

export interface AgreeOptions {
  readonly url: string
  /** Ends when so many questions and writes were compared … */
  readonly comparisons?: number
  /** … or so many seconds have gone by. */
  readonly seconds?: number
  readonly seed?: number
  /** Milliseconds in which a disagreement is made smaller, at most. */
  readonly shrinking?: number
  /** What was found is told here; on stderr unless told. */
  readonly tell?: (text: string) => void
}

const roundsOfOnePlan = 12
/** Whoever has read these knows enough. */
const mostDisagreements = 5

/**
 * Asks a database and the evaluator the same of generated models, rows, queries and transactions, and counts whether
 * they agree. What they do not agree on is shrunk and told on stderr.
 * @example const { agreed, disagreed } = await agree({ url: 'sqlite::memory:', comparisons: 10_000, seed: 1 })
 */
export async function agree(options: AgreeOptions): Promise<{ agreed: number; disagreed: number }> {
  const { url, comparisons = options.seconds === undefined ? 10_000 : Number.POSITIVE_INFINITY, seed = 1 } = options
  const end = performance.now() + (options.seconds ?? Number.POSITIVE_INFINITY) * 1000
  const { shrinking = 20_000, tell = (text) => process.stderr.write(`${text}\n`) } = options
  const tally = { agreed: 0, disagreed: 0 }
  const isDone = () => tally.agreed >= comparisons || tally.disagreed >= mostDisagreements || performance.now() >= end
  for (let turn = 0; !isDone(); turn++) {
    const [plan] = fc.sample(plans, { seed: seed + turn, numRuns: 1 })
    if (plan === undefined) continue
    const scratch = await scratchDatabase(url)
    if (url.slice(0, url.indexOf(':')) !== scratch.url.slice(0, scratch.url.indexOf(':')))
      throw new Error(`No scratch for ${url}`)
    try {
      await using side = await openSide(plan, scratch.url, seed + turn)
      await compare(side, { seed: seed + turn, isDone, tally, tell, shrinking })
    } finally {
      await scratch.dispose()
    }
  }
  return tally
}

interface Comparing {
  readonly seed: number
  readonly tally: { agreed: number; disagreed: number }
  readonly shrinking: number
  isDone(): boolean
  tell(text: string): void
}

async function compare(side: Side, { seed, tally, isDone, tell, shrinking }: Comparing): Promise<void> {
  let isShrinking = false
  let latest = Number.POSITIVE_INFINITY
  const property = fc.asyncProperty(roundsOf(side.plan), async (round) => {
    if (isShrinking ? performance.now() > latest : isDone()) return
    try {
      const count = await side.run(round)
      if (!isShrinking) tally.agreed += count
    } catch (error) {
      if (!isShrinking) latest = performance.now() + shrinking
      isShrinking = true
      throw error
    }
  })
  const details = await fc.check(property, { seed, numRuns: roundsOfOnePlan })
  if (!details.failed) return
  tally.disagreed++
  const cause = details.errorInstance instanceof Error ? details.errorInstance.message : String(details.errorInstance)
  const told = [
    `Disagreed with seed ${seed}: ${cause}`,
    `models ${fc.stringify(side.plan)}`,
    `after ${fc.stringify(details.counterexample)}`,
  ]
  tell(told.join('\n'))
}
