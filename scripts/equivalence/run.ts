import { parseArgs } from 'node:util'
import { agree } from '../../packages/tapri/src/data/equivalence.fixture.ts'
import { databaseNames, services } from '../services/service.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { comparisons: { type: 'string' }, seconds: { type: 'string' }, seed: { type: 'string', default: '1' } },
})
const seed = numberOf('seed', values.seed)
const bounds = {
  ...(values.comparisons !== undefined && { comparisons: numberOf('comparisons', values.comparisons) }),
  ...(values.seconds !== undefined && { seconds: numberOf('seconds', values.seconds) }),
}

const known = new Map([['sqlite', { title: 'SQLite', url: 'sqlite::memory:' }]])
for (const name of databaseNames) {
  const url = process.env[services[name].variable]
  if (url !== undefined) known.set(name, { title: services[name].title, url })
}
const stranger = positionals.find((name) => !known.has(name))
if (stranger !== undefined) fail(`Cannot compare "${stranger}": there are ${[...known.keys()].join(', ')} here`)

for (const [name, { title, url }] of known) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  const started = performance.now()
  const { agreed, disagreed } = await agree({ url, seed, ...bounds })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const counted = `${agreed.toLocaleString('en')} agreed, ${disagreed.toLocaleString('en')} disagreed`
  process.stdout.write(`${title}: ${counted} (seed ${seed}, ${seconds} s)\n`)
  if (disagreed > 0) process.exitCode = 1
}

function numberOf(name: string, text: string): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 1) fail(`Cannot compare: --${name} must be a whole number, it is "${text}"`)
  return number
}

function fail(reason: string): never {
  process.stderr.write(`${reason}\n`)
  process.exit(2)
}
