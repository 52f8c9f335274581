import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Commit } from '../../data/index.ts'
import { manualClock } from '../../kit/clock.ts'
import { Forerunners } from './forerunners.ts'

/** A log that has come to some position, and what is committed behind it. */
function openLog() {
  const clock = manualClock()
  const behind: Commit[] = []
  const heard: string[] = []
  const doubts: string[] = []
  let position = 10
  let isAway = false
  let looks = 0
  const changes = {
    position: () => position,
    since: async (after: number, limit: number) => {
      looks++
      if (isAway) throw new Error('The database is away')
      return behind.filter((commit) => commit.position > after).slice(0, limit)
    },
    onOwnCommit: () => () => {},
  }
  const forerunners = new Forerunners({
    changes,
    clock,
    begin: (work) => void work(),
    doubt: (commits) => doubts.push(...commits.map((commit) => `${commit.position}`)),
    doubtAll: () => doubts.push('all'),
  })
  return {
    clock,
    heard,
    doubts,
    get looks() {
      return looks
    },
    away() {
      isAway = true
    },
    say(text: string, at: number, size = 10) {
      forerunners.receive({ position: at, size, hear: () => heard.push(text), drop: () => heard.push(`${text} is lost`) })
    },
    commit(at: number) {
      behind.push({ position: at, at: 0, changes: [] })
    },
    /** The log tells of it. */
    reach(at: number) {
      position = at
      forerunners.onCommit({ position, at: 0, changes: [] })
    },
    async wait() {
      clock.advance(100)
      await setImmediate()
    },
  }
}

test('what is said by who knows no more than the log here is heard at once', async () => {
  const log = openLog()
  log.say('one', 9)
  log.say('two', 10)
  assert.deepEqual(log.heard, ['one', 'two'])
  await log.wait()
  assert.equal(log.looks, 0)
})

test('what is said after a commit waits for the log to tell of it, and what is said later waits behind', async () => {
  const log = openLog()
  log.say('one', 12)
  log.say('two', 10)
  log.reach(11)
  assert.deepEqual(log.heard, [])
  log.reach(12)
  assert.deepEqual(log.heard, ['one', 'two'])
  await log.wait()
  assert.equal(log.looks, 0)
})

test('when the log is late, what the commits behind it change is in doubt, once, before anything is heard', async () => {
  const log = openLog()
  log.commit(12)
  log.say('one', 12)
  await log.wait()
  assert.deepEqual([log.doubts, log.heard], [['12'], ['one']])
  log.commit(11)
  log.commit(13)
  log.say('two', 13)
  await log.wait()
  assert.deepEqual(log.doubts, ['12', '11', '13'])
  assert.deepEqual(log.heard, ['one', 'two'])
})

test('behind so many commits that nobody reads them all, everybody is in doubt', async () => {
  const log = openLog()
  for (let at = 11; at < 2_011; at++) log.commit(at)
  log.say('one', 2_010)
  await log.wait()
  assert.deepEqual([log.doubts.length, log.doubts.at(-1), log.heard], [1_001, 'all', ['one']])
})

test('what nobody can tell the hearers of is lost, and so is what more waits than there is room for', async () => {
  const log = openLog()
  for (let count = 0; count < 5; count++) log.say(`${count}`, 11, 1024 ** 2)
  assert.deepEqual(log.heard, ['0 is lost'])
  log.away()
  await log.wait()
  assert.deepEqual(
    log.heard,
    Array.from({ length: 5 }, (_, count) => `${count} is lost`),
  )
})
