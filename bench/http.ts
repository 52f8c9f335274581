// HTTP side by side: everybody does the same work with the same answers, on Node, Bun and Deno.
import { runtimes } from './http/contenders.ts'
import { figuresOf, isFigured } from './http/figures.ts'
import { type Group, measureGroup } from './http/group.ts'
import { othersAtWork } from './http/noise.ts'
import { Worker } from './http/process.ts'
import { reportOf } from './http/report.ts'
import type { Rounds } from './http/rounds.ts'
import { makeFolder } from './http/rows/file.ts'
import { rows } from './http/rows.ts'

export interface BenchResult {
  readonly figures: Record<string, number>
  readonly missing: string[]
  readonly report: string
}

interface Form {
  readonly how: Rounds
  /** The quick form leaves out other runtimes, starts, memory and two processes. */
  readonly isWhole: boolean
  readonly starts: number
}

const quickForm: Form = {
  how: { rounds: 5, seconds: 0.35, warmup: 0.2, budget: 1_500, takesPart: isFigured },
  isWhole: false,
  starts: 0,
}
const fullForm: Form = {
  how: { rounds: 7, seconds: 0.7, warmup: 0.7, budget: 5_900, takesPart: () => true },
  isWhole: true,
  starts: 5,
}

/** Oak is published on JSR alone, which the npm registry cannot install. */
const neverMeasured = ['oak on deno (it is not on npm)']

/**
 * Runs the benchmark; `quick` ends within a minute and gives what Tapri does by the floor in every row, the full form within
 * 25 minutes. `X_vs_Y` is how often Tapri answers X while Y does it once, by processor time: above 1 it is faster.
 * @example const { figures } = await run({ quick: true }) // { json_vs_raw: 0.98, … }
 */
export async function run({ quick }: { quick: boolean }): Promise<BenchResult> {
  const form = quick ? quickForm : fullForm
  const here = runtimes()
  const asked = form.isWhole ? here : here.filter(({ name }) => name === 'node')
  const others = [await othersAtWork()]
  const { folder, remove } = makeFolder()
  const load = new Worker('./load.ts', { cores: '1', command: [process.execPath] })
  const groups: Group[] = []
  try {
    await load.first
    for (const runtime of asked) {
      groups.push(await measureGroup({ runtime, load, folder, rows, how: form.how, starts: form.starts, requests: 15_000 }))
    }
  } finally {
    await load.stop()
    remove()
  }
  others.push(await othersAtWork())
  const absent = ['bun', 'deno'].filter((name) => form.isWhole && !here.some((runtime) => runtime.name === name))
  return {
    figures: Object.assign({}, ...groups.map(figuresOf)),
    missing: [
      ...absent.map((name) => `${name} (set TEST_${name.toUpperCase()})`),
      ...(form.isWhole ? neverMeasured : []),
      ...new Set(groups.flatMap(({ faults }) => faults)),
    ],
    report: reportOf(groups, { rounds: form.how.rounds, seconds: form.how.seconds, others }),
  }
}
