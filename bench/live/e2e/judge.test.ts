import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Follows, judge, type Written } from './judge.ts'

const ann = { id: 'ann', circle: 'azure', token: '' }
const bob = { id: 'bob', circle: 'olive', token: '' }

function follows(number: number, person: Follows['person'], key = 'room 1'): Follows {
  return { number, person, wish: { route: '', input: {}, path: '', keys: [key] } }
}

function write(mark: number, more: Partial<Written> = {}): Written {
  return { mark, keys: ['room 1'], circle: undefined, owner: undefined, at: 100, isTimed: true, ...more }
}

function sights(...seen: readonly (readonly [subscription: number, mark: number, at: number])[]) {
  return { subscriptions: seen.map(([one]) => one), marks: seen.map(([, mark]) => mark), at: seen.map(([, , at]) => at) }
}

const all = [follows(0, ann), follows(1, bob), follows(2, undefined), follows(3, ann, 'room 2')]

test('a write that everybody concerned has seen is timed from its commit, each sight for itself', () => {
  const verdict = judge(all, [write(1)], sights([0, 1, 101], [1, 1, 102], [2, 1, 130]))
  assert.deepEqual(verdict, { deliveries: 3, p50: 2, p99: 30, longest: 30, lost: 0, unauthorised: 0 })
})

test('a write that one of those concerned has not seen is lost', () => {
  assert.equal(judge(all, [write(1), write(2)], sights([0, 1, 101], [1, 1, 102], [2, 1, 130], [0, 2, 140])).lost, 2)
})

test('a write that is seen by somebody of another circle, by somebody else than its owner, or elsewhere, is unauthorised', () => {
  const writes = [write(1, { circle: 'azure' }), write(2, { owner: 'bob' }), write(3)]
  const allowed = sights([0, 1, 101], [1, 2, 101], [0, 3, 101], [1, 3, 101], [2, 3, 101])
  assert.deepEqual([judge(all, writes, allowed).lost, judge(all, writes, allowed).unauthorised], [0, 0])
  const others = [[1, 1, 101] as const, [2, 1, 101] as const, [0, 2, 101] as const, [3, 3, 101] as const, [0, 9, 101] as const]
  for (const other of others) assert.equal(judge(all, writes, sights(other)).unauthorised, 1)
})

test('a row that comes back to a window is one sight, at its first time', () => {
  const verdict = judge([follows(0, ann)], [write(1)], sights([0, 1, 103], [0, 1, 900]))
  assert.deepEqual([verdict.deliveries, verdict.longest, verdict.lost], [1, 3, 0])
})
