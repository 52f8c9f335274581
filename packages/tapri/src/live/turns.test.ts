import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Turns } from './turns.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Work of several steps, none of which waits for anything outside. */
async function work(turns: Turns, name: string, seen: string[]): Promise<void> {
  await turns.next()
  for (const step of [1, 2, 3]) {
    seen.push(`${name}${step}`)
    await undefined
  }
}

test('work that waits for nothing is done before the next begins', async () => {
  const turns = new Turns()
  const seen: string[] = []
  await Promise.all(['a', 'b'].map((name) => work(turns, name, seen)))
  assert.deepEqual(seen, ['a1', 'a2', 'a3', 'b1', 'b2', 'b3'])
})

test('work that waits keeps nobody', async () => {
  const turns = new Turns()
  const seen: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const slow = turns.next().then(() => promise)
  await work(turns, 'a', seen)
  assert.deepEqual(seen, ['a1', 'a2', 'a3'])
  resolve()
  await slow
})

test('other events come between, however much there is to begin', async () => {
  const turns = new Turns()
  const seen: string[] = []
  let left = 5_000
  const all = Promise.all(Array.from({ length: left }, () => turns.next().then(() => left--)))
  await turn()
  await turn()
  seen.push(`${left > 0}`)
  await all
  assert.deepEqual([seen, left], [['true'], 0])
})

test('what asks later has its turn too', async () => {
  const turns = new Turns()
  const seen: string[] = []
  await work(turns, 'a', seen)
  await turn()
  await Promise.all([work(turns, 'b', seen), turn().then(() => work(turns, 'c', seen))])
  assert.equal(seen.length, 9)
})
