import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { runtimes } from './contenders.ts'
import { figuresOf } from './figures.ts'
import { type Group, measureGroup } from './group.ts'
import { spread } from './noise.ts'
import { Worker } from './process.ts'
import { reportOf } from './report.ts'
import type { Row } from './row.ts'
import { makeFolder } from './rows/file.ts'
import { json } from './rows/json.ts'
import { missing } from './rows/missing.ts'

const { folder, remove } = makeFolder()
after(remove)

test('servers are measured in every round, with the ratios, the spread and what they cost', async () => {
  const group = await measured([json, missing])
  assert.deepEqual([...group.samples.keys()], [json, missing])
  for (const byContender of group.samples.values()) {
    assert.deepEqual(
      [...byContender].map(([{ name }, samples]) => [name, samples.length]),
      [
        ['raw', 2],
        ['tapri-bare', 2],
        ['fastify', 2],
      ],
    )
  }
  assert.equal(group.pairs.size, 2)
  assert.ok([...group.costs.values()].every(({ startup, memory }) => startup > 0 && memory > 1e7))
  const report = reportOf([group], { rounds: 2, seconds: 0.05, others: [0.01, 0.5] })
  assert.match(report, /\| json \| [\d,]+ \([\d,]+\) ±\d+ %( ~)? \| [\d,]+ \(/)
  assert.match(report, /\*\*noise\*\*/)
  assert.deepEqual(group.faults, [])
})

test('a server that answers otherwise is named and not measured in that row', async () => {
  const strange: Row = { ...json, name: 'strange', answer: '{"hello":"mars"}' }
  const group = await measured([json, strange], { starts: 0 })
  assert.equal(group.samples.get(strange)?.size, 0)
  assert.equal(group.samples.get(json)?.size, 3)
  assert.equal(group.faults.length, 3)
  assert.deepEqual(figuresOf(group), {})
})

test('the spread is the highest less the lowest by the median', () => {
  assert.equal(spread([90, 100, 120]), 0.3)
})

async function measured(rows: readonly Row[], { starts = 1 } = {}): Promise<Group> {
  const [runtime] = runtimes()
  assert.ok(runtime)
  const load = new Worker('./load.ts', { cores: '1', command: [process.execPath] })
  const takesPart = ({ name }: { name: string }) => ['raw', 'tapri-bare', 'fastify'].includes(name)
  try {
    await load.first
    const how = { rounds: 2, seconds: 0.1, warmup: 0.1, budget: 60_000, takesPart }
    return await measureGroup({ runtime, load, folder, rows, how, starts, requests: 200 })
  } finally {
    await load.stop()
  }
}
