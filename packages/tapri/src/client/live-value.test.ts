import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LiveLine } from './live-line.ts'
import { FollowedValue } from './live-value.ts'

/** A line whose frames the test hands in. */
function followed() {
  let change = (_value: unknown) => {}
  let stand: ((at: string) => void) | undefined
  const line: LiveLine = {
    subscribe(_route, _input, onChange, options) {
      change = onChange
      stand = options?.onAt
      return () => {}
    },
    sync: async () => {},
  }
  const value = new FollowedValue(line, { route: 'rows.list', input: {} }, { onClose() {} })
  const shown: unknown[] = []
  value.onChange((rows) => shown.push(rows))
  return {
    value,
    shown,
    /** A frame that changes the answer. */
    change(rows: readonly string[], at: string) {
      change(rows)
      stand?.(at)
    },
    /** A frame that does not. */
    stand: (at: string) => stand?.(at),
  }
}

const write = () => ({ stage: 'waiting' as 'waiting' | 'asked' | 'done', at: undefined as string | undefined, isSeen: false })
const add = (row: string) => (rows: unknown) => [...(Array.isArray(rows) ? rows : []), row]

test('a change goes with the first frame at or after the token of its write, and not with one before', () => {
  const { value, shown, change } = followed()
  change(['a'], 'e.1')
  const mine = write()
  value.show(mine, add('mine…'))
  Object.assign(mine, { stage: 'done', at: 'e.10' })
  value.refresh()
  change(['a', 'b'], 'e.9')
  change(['a', 'b', 'mine'], 'e.10')
  assert.deepEqual(shown, [['a'], ['a', 'mine…'], ['a', 'b', 'mine…'], ['a', 'b', 'mine']])
  assert.equal(value.shows(mine), false)
})

test('a frame that changes nothing lets a change go as well, and so does one of another epoch', () => {
  for (const at of ['e.10', 'after-a-restore.1']) {
    const { value, shown, change, stand } = followed()
    change(['a'], 'e.1')
    const mine = write()
    value.show(mine, add('mine…'))
    Object.assign(mine, { stage: 'done', at: 'e.10' })
    stand('e.9')
    assert.equal(value.shows(mine), true)
    stand(at)
    assert.deepEqual(shown, [['a'], ['a', 'mine…'], ['a']])
  }
})

test('frames that come while a write is asked for are shown once its token is known', () => {
  const { value, shown, change } = followed()
  change(['a'], 'e.1')
  const mine = write()
  value.show(mine, add('mine…'))
  mine.stage = 'asked'
  value.refresh()
  change(['a', 'b'], 'e.2')
  assert.deepEqual(shown.at(-1), ['a', 'mine…'])
  Object.assign(mine, { stage: 'done', at: 'e.3' })
  value.refresh()
  assert.deepEqual(shown.at(-1), ['a', 'b', 'mine…'])
  change(['a', 'b', 'mine'], 'e.3')
  assert.deepEqual(shown.length, 4)
  assert.deepEqual(shown.at(-1), ['a', 'b', 'mine'])
})

test('a write that is in the answer stays shown as it is while the next one is asked for', () => {
  const { value, shown, change } = followed()
  change([], 'e.1')
  const [first, second] = [write(), write()]
  value.show(first, add('1…'))
  value.show(second, add('2…'))
  Object.assign(first, { stage: 'done', at: 'e.2' })
  second.stage = 'asked'
  value.refresh()
  change(['1'], 'e.2')
  change(['1', '2'], 'e.3')
  assert.deepEqual(shown.at(-1), ['1…', '2…'])
  Object.assign(second, { stage: 'done', at: 'e.3' })
  value.refresh()
  assert.deepEqual(shown, [[], ['1…'], ['1…', '2…'], ['1', '2']])
})

test('a value that is made without its change stays the same object while nothing is new', () => {
  const { value, change, stand } = followed()
  change(['a'], 'e.1')
  const { state } = value
  stand('e.2')
  value.refresh()
  assert.equal(value.state, state)
})
