import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pending } from './pending.ts'

const named = (name: string) => ({ name, at: -1 })
const namesIn = (pending: Pending<ReturnType<typeof named>>) => [...pending].map(({ name }) => name).sort()

test('what was added is there until it is deleted, wherever it stands', () => {
  const [first, second, third] = [named('first'), named('second'), named('third')]
  const pending = new Pending<ReturnType<typeof named>>()
  for (const each of [first, second, third, second]) pending.add(each)
  assert.deepEqual(namesIn(pending), ['first', 'second', 'third'])
  pending.delete(first)
  pending.delete(first)
  assert.deepEqual(namesIn(pending), ['second', 'third'])
  pending.delete(third)
  pending.add(first)
  assert.deepEqual(namesIn(pending), ['first', 'second'])
})

test('each is met once although it is deleted on the way', () => {
  const pending = new Pending<ReturnType<typeof named>>()
  for (const name of ['a', 'b', 'c']) pending.add(named(name))
  const met: string[] = []
  for (const each of pending) {
    met.push(each.name)
    pending.delete(each)
  }
  assert.deepEqual(met, ['a', 'b', 'c'])
  assert.deepEqual(namesIn(pending), [])
})
