import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Levels } from './levels.ts'

test('a level in which nothing is sent needs no savepoint, and what it holds goes with what comes next', () => {
  const levels = new Levels<string>()
  levels.enter()
  levels.hold('a')
  assert.equal(levels.made, undefined)
  levels.leave()
  levels.hold('b')
  assert.deepEqual(levels.take({ isRisky: true }), [{ writes: ['a', 'b'] }])
  assert.deepEqual(levels.take({ isRisky: true }), [])
})

test('what may fail is sent behind a savepoint of every level around it, in their order', () => {
  const levels = new Levels<string>()
  levels.hold('a')
  levels.enter()
  levels.hold('b')
  levels.enter()
  assert.deepEqual(levels.take({ isRisky: true }), [
    { writes: ['a'] },
    { savepoint: 's1' },
    { writes: ['b'] },
    { savepoint: 's2' },
  ])
  assert.equal(levels.made, 's2')
  levels.leave()
  assert.equal(levels.made, 's1')
})

test('a read makes savepoints only for what is held, and later writes need the others', () => {
  const levels = new Levels<string>()
  levels.enter()
  levels.hold('a')
  levels.enter()
  assert.deepEqual(levels.take({ isRisky: false }), [{ savepoint: 's1' }, { writes: ['a'] }])
  assert.equal(levels.made, undefined)
  levels.hold('b')
  assert.deepEqual(levels.take({ isRisky: false }), [{ savepoint: 's2' }, { writes: ['b'] }])
})

test('what a level holds is forgotten with it, and nothing else', () => {
  const levels = new Levels<string>()
  levels.hold('a')
  levels.enter()
  levels.hold('b')
  levels.forget()
  levels.leave()
  assert.deepEqual(levels.take({ isRisky: false }), [{ writes: ['a'] }])
})

test('what was sent by a level is undone by its savepoint, and what it holds since is forgotten', () => {
  const levels = new Levels<string>()
  levels.enter()
  levels.hold('a')
  levels.take({ isRisky: false })
  levels.hold('b')
  levels.forget()
  assert.equal(levels.made, 's1')
  levels.leave()
  assert.deepEqual(levels.take({ isRisky: true }), [])
})
