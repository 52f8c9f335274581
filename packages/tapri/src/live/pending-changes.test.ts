import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import type { ChangeText } from './answer.ts'
import { Deadlines } from './deadlines.ts'
import { longestHold, PendingChanges } from './pending-changes.ts'

function openPending() {
  const frames: string[][] = []
  const late = new Deadlines<PendingChanges>(manualClock(), longestHold, (pending) => pending.flush())
  const sendChanges = (changes: readonly ChangeText[]) => frames.push(changes.map(({ text }) => text))
  return { frames, pending: new PendingChanges(late, { sendChanges }) }
}

const [first, second, third, other] = ['first', 'second', 'third', 'other'].map((text) => ({ text })) as [
  ...[ChangeText, ChangeText, ChangeText, ChangeText],
]

test('steps of one topic go out in their order, whichever of them waits already', () => {
  for (const waiting of [[], [second], [first, second], [second, third], [third]]) {
    const { frames, pending } = openPending()
    pending.hold()
    for (const change of waiting) pending.add(change)
    pending.addAll([first, second, third])
    pending.letGo()
    assert.deepEqual(frames, [['first', 'second', 'third']])
  }
})

test('what waits of other topics, and of what came before, stays in front of steps that are added', () => {
  const { frames, pending } = openPending()
  pending.hold()
  for (const change of [first, other, third]) pending.add(change)
  pending.addAll([second, third])
  pending.letGo()
  assert.deepEqual(frames, [['first', 'other', 'second', 'third']])
})

test('steps that wait for nothing go in one frame, and no steps in none', () => {
  const { frames, pending } = openPending()
  pending.addAll([first, second])
  pending.addAll([])
  assert.deepEqual(frames, [['first', 'second']])
})
