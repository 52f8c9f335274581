import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FollowedValue } from './live-value.ts'
import { ShownAnswer } from './shown-answer.ts'

/** A live answer whose frames the test hands in. */
function followed() {
  const value = new FollowedValue({ route: 'rows.list', input: {} }, { onClose() {} })
  const answer = new ShownAnswer(value)
  const shown: unknown[] = []
  value.onChange((rows) => shown.push(rows))
  return {
    value,
    answer,
    shown,
    /** A frame that changes the answer. */
    change(rows: readonly string[], at: string) {
      answer.take(rows)
      answer.reach(at)
    },
    /** A frame that does not. */
    stand: (at: string) => answer.reach(at),
  }
}

const write = () => ({ stage: 'waiting' as 'waiting' | 'asked' | 'done', at: undefined as string | undefined, isSeen: false })
const add = (row: string) => (rows: unknown) => [...(Array.isArray(rows) ? rows : []), row]

test('a change goes with the first frame at or after the token of its write, and not with one before', () => {
  const { answer, shown, change } = followed()
  change(['a'], 'e.1')
  const mine = write()
  answer.show(mine, add('mine…'))
  Object.assign(mine, { stage: 'done', at: 'e.10' })
  answer.refresh()
  change(['a', 'b'], 'e.9')
  change(['a', 'b', 'mine'], 'e.10')
  assert.deepEqual(shown, [['a'], ['a', 'mine…'], ['a', 'b', 'mine…'], ['a', 'b', 'mine']])
  assert.equal(answer.shows(mine), false)
})

test('a frame that changes nothing lets a change go as well, and so does one of another epoch', () => {
  for (const at of ['e.10', 'after-a-restore.1']) {
    const { answer, shown, change, stand } = followed()
    change(['a'], 'e.1')
    const mine = write()
    answer.show(mine, add('mine…'))
    Object.assign(mine, { stage: 'done', at: 'e.10' })
    stand('e.9')
    assert.equal(answer.shows(mine), true)
    stand(at)
    assert.deepEqual(shown, [['a'], ['a', 'mine…'], ['a']])
  }
})

test('frames that come while a write is asked for are shown once its token is known', () => {
  const { answer, shown, change } = followed()
  change(['a'], 'e.1')
  const mine = write()
  answer.show(mine, add('mine…'))
  mine.stage = 'asked'
  answer.refresh()
  change(['a', 'b'], 'e.2')
  assert.deepEqual(shown.at(-1), ['a', 'mine…'])
  Object.assign(mine, { stage: 'done', at: 'e.3' })
  answer.refresh()
  assert.deepEqual(shown.at(-1), ['a', 'b', 'mine…'])
  change(['a', 'b', 'mine'], 'e.3')
  assert.deepEqual(shown.length, 4)
  assert.deepEqual(shown.at(-1), ['a', 'b', 'mine'])
})

test('a write that is in the answer stays shown as it is while the next one is asked for', () => {
  const { answer, shown, change } = followed()
  change([], 'e.1')
  const [first, second] = [write(), write()]
  answer.show(first, add('1…'))
  answer.show(second, add('2…'))
  Object.assign(first, { stage: 'done', at: 'e.2' })
  second.stage = 'asked'
  answer.refresh()
  change(['1'], 'e.2')
  change(['1', '2'], 'e.3')
  assert.deepEqual(shown.at(-1), ['1…', '2…'])
  Object.assign(second, { stage: 'done', at: 'e.3' })
  answer.refresh()
  assert.deepEqual(shown, [[], ['1…'], ['1…', '2…'], ['1', '2']])
})

test('a frame that is told of a place before does not take back what the answer has already', () => {
  const { answer, shown, change, stand } = followed()
  change(['a'], 'e.1')
  const mine = write()
  answer.show(mine, add('mine…'))
  mine.stage = 'asked'
  change(['a', 'mine'], 'e.6')
  // another answer on the same line is not so far yet
  stand('e.4')
  Object.assign(mine, { stage: 'done', at: 'e.5' })
  answer.refresh()
  assert.deepEqual(shown, [['a'], ['a', 'mine…'], ['a', 'mine']])
})

test('a value that is made without its change stays the same object while nothing is new', () => {
  const { value, answer, change, stand } = followed()
  change(['a'], 'e.1')
  const { state } = value
  stand('e.2')
  answer.refresh()
  assert.equal(value.state, state)
})
