import { peers } from './peers.ts'
import { type Finding, probeCommon, probeRefusals } from './probes.ts'
import { markdownTable } from './table.ts'

const common = await probeCommon()
const refusals = await probeRefusals()

const names = Object.keys(peers)
const compared = common.map(({ title, found }, index) => [title, found, ...names.map((name) => peers[name]?.[index] ?? '')])
const asked = refusals.map(({ title, found }) => [title, found])
process.stdout.write(`${markdownTable(['by default', 'Tapri', ...names], compared)}\n`)
process.stdout.write(`${markdownTable(['asked', 'answered'], asked)}\n`)

const wrong = [...common, ...refusals].filter(({ isRight }: Finding) => !isRight)
for (const { title, found } of wrong) process.stderr.write(`Not as it should be: ${title}: ${found}\n`)
process.exitCode = wrong.length === 0 ? 0 : 1
