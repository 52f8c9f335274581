import { mkdirSync, writeFileSync, writeSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { resultPage } from './page.ts'

/** What each bench/NAME.ts gives. */
export interface Measured {
  readonly figures: Readonly<Record<string, number>>
  /** Names of figures that cannot be measured on this machine. */
  readonly missing: readonly string[]
  /** For people: what was measured and how, in Markdown. */
  readonly report: string
}

/** `--quick` promises an end within a minute; npm and the start of this process take some of it. */
const quickLimit = 57_000
const resultChannel = 3

const [name = '', mode] = process.argv.slice(2)
const quick = mode === '--quick'
if (quick) setTimeout(giveUp, quickLimit).unref()

const { run } = await import(`../../bench/${name}.ts`)
const { figures, missing, report }: Measured = await run({ quick })
if (!quick) writeResult(resultPage(name, { figures, missing, report }))
writeSync(resultChannel, `${JSON.stringify({ bench: name, figures, missing })}\n`)
// a peer's server that still listens would keep the process
process.exit(0)

function writeResult(page: string): void {
  const folder = fileURLToPath(new URL('../../bench/results/', import.meta.url))
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}${name}.md`, page)
  console.log(`Written: bench/results/${name}.md`)
}

function giveUp(): void {
  console.error(`Cannot measure "${name}" quickly: it took longer than ${quickLimit / 1000} s`)
  process.exit(1)
}
