import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { isNode } from '../kit/runtime.ts'

/** In a process of its own: what is told to V8 holds for all of one. */
async function inProcess(script: string, flags: readonly string[] = []): Promise<unknown> {
  const imports = `
    import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8'
    import { manualClock } from ${JSON.stringify(new URL('../kit/clock.ts', import.meta.url))}
    import { keepHeapSmall } from ${JSON.stringify(new URL('./heap.ts', import.meta.url))}
    const clock = manualClock()
    const asked = []
    const noted = { now: () => 0, after: (milliseconds) => void asked.push(milliseconds) }
    const used = () => Math.round(getHeapStatistics().used_heap_size / 1024 / 1024)
    const ofNew = () => getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size / 1024 / 1024
    /** Garbage that V8 has moved to where it looks seldom. */
    const litter = () => void Array.from({ length: 400_000 }, (_, index) => ({ index, name: [index] }))
    const tell = (told) => console.log(JSON.stringify(told))
  `
  const args = ['--disable-warning=ExperimentalWarning', ...flags, '--input-type=module', '--eval', imports + script]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout)
}

const skip = isNode ? false : 'it is told to V8 by Node'

test('a second after the start what was left of it is collected, once in a process', { skip }, async () => {
  const told = await inProcess(`
    keepHeapSmall(clock)
    keepHeapSmall(noted)
    litter()
    clock.advance(999)
    const before = used()
    clock.advance(1)
    tell({ before: before > 30, after: used() < 15, asked })
  `)
  assert.deepEqual(told, { before: true, after: true, asked: [] })
})

/** Answers that take a while: each outlives what comes in the meantime. */
const work = `
  const flying = []
  for (let turn = 0; turn < 3_000_000; turn++) {
    flying[turn % 20_000] = { turn, words: [turn, turn + 1] }
    if (turn % 20_000 === 0) clock.advance(250)
  }
`

test('work that is in flight for long does not make the space for what is new large', { skip }, async () => {
  const ways = await inProcess(`keepHeapSmall(clock); clock.advance(1000); ${work} tell(ofNew())`)
  const own = await inProcess(`${work} tell(ofNew())`)
  assert.ok(Number(ways) <= 32 && Number(own) > 2 * Number(ways), `${ways} MiB, by itself ${own} MiB`)
})

test('a large heap is left to V8, and so is a process that was told how to go about it', { skip }, async () => {
  const large = 'const kept = Array.from({ length: 3_000_000 }, (_, index) => ({ index, name: [index] }));'
  const ofLarge = await inProcess(`keepHeapSmall(clock); clock.advance(1000); ${large} ${work} tell([kept.length, ofNew()])`)
  assert.ok(Array.isArray(ofLarge) && ofLarge[1] > 20, `${ofLarge} MiB`)
  const script = 'keepHeapSmall(noted); tell(asked)'
  assert.deepEqual([await inProcess(script), await inProcess(script, ['--max-semi-space-size=16'])], [[1000], []])
})
