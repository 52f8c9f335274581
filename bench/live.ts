// Live queries, part by part: who is touched by a write, how it goes to many sockets, and how long all of it takes.
import { endToEnd } from './live/e2e.ts'
import { fanout } from './live/fanout.ts'
import { matching } from './live/matching.ts'
import type { Part } from './live/part.ts'

const parts: readonly Part[] = [matching, fanout, endToEnd]

/**
 * Runs every part.
 * @example const { figures } = await run({ quick: true }) // { match_10k: 400000, match_100k: 200000, … }
 */
export async function run({ quick }: { quick: boolean }) {
  const figures: Record<string, number> = {}
  const missing: string[] = []
  const reports: string[] = []
  for (const { title, measure } of parts) {
    const found = await measure({ quick })
    Object.assign(figures, found.figures)
    missing.push(...found.missing)
    reports.push(`## ${title}\n\n${found.report}`)
  }
  return { figures, missing, report: reports.join('\n\n') }
}
