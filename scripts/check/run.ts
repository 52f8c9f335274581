import { client } from './client.ts'
import { codes } from './codes.ts'
import { cost } from './cost.ts'
import { cycles } from './cycles.ts'
import { dependencies } from './dependencies.ts'
import { docs } from './docs.ts'
import { doors } from './doors.ts'
import { floors } from './floors.ts'
import { lines } from './lines.ts'
import { packages } from './packages.ts'
import { patterns } from './patterns.ts'
import type { Finding, Rule } from './rule.ts'
import { style } from './style.ts'
import { home } from './tool.ts'
import { types } from './types.ts'
import { words } from './words.ts'

const rules: readonly Rule[] = [
  floors,
  cycles,
  doors,
  lines,
  packages,
  codes,
  dependencies,
  words,
  patterns,
  style,
  types,
  docs,
  cost,
  client,
]

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !rules.some((rule) => rule.name === name))
if (unknown.length > 0) {
  console.error(`No rule is called ${unknown.join(', ')}: there are ${rules.map(({ name }) => name).join(', ')}`)
  process.exit(1)
}

let broken = 0
for (const rule of rules) {
  if (wanted.length > 0 && !wanted.includes(rule.name)) continue
  const findings = await rule.check(home)
  const faults = findings.filter(({ isWarning }) => isWarning !== true)
  if (faults.length > 0) broken++
  console.log(`${faults.length > 0 ? 'failed' : 'ok    '}  ${rule.name.padEnd(12)}  ${rule.claim}${countOf(findings)}`)
  for (const { file, line, message, isWarning } of findings)
    console.log(`        ${isWarning ? 'warning ' : ''}${file}:${line}  ${message}`)
}
console.log(broken === 0 ? 'Every rule of the house holds' : `${broken} ${broken === 1 ? 'rule is' : 'rules are'} broken`)
process.exitCode = broken === 0 ? 0 : 1

function countOf(findings: readonly Finding[]): string {
  return findings.length === 0 ? '' : ` (${findings.length} found)`
}
