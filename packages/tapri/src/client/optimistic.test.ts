import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import { KnownConnection } from './connection.ts'
import { clientError } from './errors.ts'
import { FollowedValue } from './live-value.ts'
import { OptimisticWrites } from './optimistic.ts'
import { ShownAnswer } from './shown-answer.ts'
import type { Answered } from './write.ts'

/** A live answer whose frames the test hands in, and calls that it answers. */
function openWrites() {
  const clock = manualClock()
  const value = new FollowedValue({ route: 'rows.list', input: {} }, { onClose() {} })
  const answer = new ShownAnswer(value)
  const shown: unknown[] = []
  value.onChange((rows) => shown.push(rows))
  // what was committed is told by the frames of the test alone
  const line = { subscribe: () => () => {}, sync: () => new Promise<void>(() => {}) }
  const writes = new OptimisticWrites({ clock, line, connection: new KnownConnection(clock) })
  const asked: PromiseWithResolvers<Answered>[] = []
  const send = () => {
    const call = Promise.withResolvers<Answered>()
    asked.push(call)
    return call.promise
  }
  return {
    clock,
    value,
    answer,
    shown,
    /** The tries so far. */
    asked,
    add: (row: string, signal?: AbortSignal) =>
      writes.make({ key: undefined, signal, send }, (show) =>
        show([answer], (rows) => [...(Array.isArray(rows) ? rows : []), `${row}…`]),
      ),
    /** A frame that changes the answer. */
    change(rows: readonly string[], at: string) {
      answer.take(rows)
      answer.reach(at)
    },
  }
}

const later = () => new Promise((resolve) => setImmediate(resolve))
const answerLost = () => clientError('TAPRI_CLIENT_UNREACHABLE', 'The connection was reset')

test('a live answer that was refused shows nothing any more, whatever becomes of the changes that it showed', async () => {
  const outcomes = {
    answered: { value: 'mine', at: 'e.2' },
    'answered, and nothing was written': { value: 'mine', at: undefined },
    refused: undefined,
  }
  for (const [outcome, answered] of Object.entries(outcomes)) {
    const { value, asked, add, change } = openWrites()
    change(['secret'], 'e.1')
    const writing = add('mine')
    const ended = new Error('the session has ended')
    value.fail(ended)
    const after = value.state
    if (answered === undefined) asked[0]?.reject(ended)
    else asked[0]?.resolve(answered)
    await writing.catch(() => {})
    assert.equal(value.state, after, outcome)
    assert.deepEqual(value.state, { value: undefined, error: ended, isReady: false })
  }
})

test('a write whose answer alone was lost is not shown beside what the live answer has of it', async () => {
  const { clock, shown, asked, add, change } = openWrites()
  change(['a'], 'e.1')
  const writing = add('mine')
  for (const lost of ['the first answer', 'the second answer']) {
    asked.at(-1)?.reject(answerLost())
    await later()
    change(['a', 'mine'], 'e.2')
    change(['a', 'mine', lost], 'e.3')
    clock.advance(10_000)
    await later()
  }
  assert.equal(asked.length, 3)
  assert.deepEqual(shown, [['a'], ['a', 'mine…']])
  asked[2]?.resolve({ value: 'mine', at: 'e.2' })
  await writing
  assert.deepEqual(shown.slice(2), [['a', 'mine', 'the second answer']])
})

test('a write in doubt holds the live answer back only until it is answered, or is given up', async () => {
  for (const end of ['answered', 'given up'] as const) {
    const { clock, value, asked, add, change } = openWrites()
    change(['a'], 'e.1')
    const leaving = new AbortController()
    const writing = add('mine', leaving.signal)
    asked[0]?.reject(answerLost())
    await later()
    change(['a', 'b'], 'e.2')
    assert.deepEqual(value.value, ['a', 'mine…'])
    if (end === 'given up') {
      leaving.abort()
      await assert.rejects(writing)
      assert.deepEqual(value.value, ['a', 'b'])
    } else {
      clock.advance(10_000)
      await later()
      asked[1]?.resolve({ value: 'mine', at: 'e.3' })
      await writing
      assert.deepEqual(value.value, ['a', 'b', 'mine…'])
    }
  }
})
